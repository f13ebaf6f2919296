import type { PopMessageRequestHeader } from '../../../remoting/header/pop-message-request-header.js';
import type { GetMessageResult, MessageFilter } from '../../store/get-message-result.js';
import type { BrokerController } from '../broker-controller.js';
import { getMessage } from '../store-promises.js';
import { PopPortion } from './pop-portion.js';
import type { PopQueue } from './pop-queues.js';
import type { PopService } from './pop-service.js';
import { lockKeyOf } from './queue-locks.js';

/** Reads queues for one pop, which it keeps locked for its group (PopMessageProcessor#popMsgFromQueue). */
export class PopQueueReader {
  /** Messages that are left in the queues that were looked at. */
  rest = 0;
  /** Why a queue could not be read. What others gave is on its way to the group already. */
  error: Error | undefined;
  private count = 0;
  private size = 0;
  private readonly locked = new Map<string, PopQueue>();
  private readonly bumped: string[] = [];
  /** The end of each queue as it was looked at. */
  private readonly ends = new Map<string, number>();
  private hasSkipped = false;
  /** What was not read because the group has to acknowledge something first. */
  private readonly blocked: PopQueue[] = [];
  private wasFull = false;

  constructor(
    private readonly broker: BrokerController,
    private readonly pops: PopService,
    private readonly header: PopMessageRequestHeader,
    private readonly filter: MessageFilter | undefined,
  ) {}

  /** What the group gets of a queue, if anything; then the queue stays locked. */
  async read(queue: PopQueue): Promise<PopPortion | undefined> {
    try {
      return await this.readOrThrow(queue);
    } catch (error) {
      this.error = error as Error;
      const key = lockKeyOf(queue.topic, this.header.consumerGroup, queue.queueId);
      if (this.locked.has(key)) this.unlock(key, queue);
      return undefined;
    }
  }

  private async readOrThrow(queue: PopQueue): Promise<PopPortion | undefined> {
    const { topic, queueId } = queue;
    const key = lockKeyOf(topic, this.header.consumerGroup, queueId);
    this.ends.set(key, this.broker.store.getMaxOffsetInQueue(topic, queueId));
    const isGroupFull = this.isGroupFull;
    this.wasFull ||= isGroupFull;
    const mayRead = !this.isFull && !isGroupFull;
    if (!mayRead || !this.pops.locks.tryLock(key)) {
      if (mayRead) this.bumped.push(key);
      this.countRest(queue);
      return undefined;
    }
    this.locked.set(key, queue);
    const portion = await this.readLocked(queue);
    if (portion === undefined) this.unlock(key, queue);
    return portion;
  }

  /** Gives the queues free. */
  unlockAll(): void {
    for (const [key, queue] of Array.from(this.locked)) this.unlock(key, queue);
  }

  /** Whether something has changed meanwhile for a request that found nothing, so that it should look again. */
  hasNews(queues: readonly PopQueue[]): boolean {
    if (this.hasSkipped || this.bumped.some((key) => !this.pops.locks.isLocked(key))) return true;
    if ((this.wasFull && !this.isGroupFull) || !this.blocked.every((queue) => this.isBlocked(queue)))
      return true;
    for (const key of this.bumped) this.pops.bumped.add(key);
    return queues.some(({ topic, queueId }) => {
      const end = this.ends.get(lockKeyOf(topic, this.header.consumerGroup, queueId)) ?? 0;
      return this.broker.store.getMaxOffsetInQueue(topic, queueId) > end;
    });
  }

  /** Who found the queue locked is woken. */
  private unlock(key: string, queue: PopQueue): void {
    this.locked.delete(key);
    this.pops.locks.unlock(key);
    if (!this.pops.bumped.delete(key)) return;
    const { topic, consumerGroup } = this.header;
    // Those who wait for a queue read the retry topic, too.
    if (queue.topic === topic) this.pops.polling.wakeForQueue(topic, consumerGroup, queue.queueId);
    else this.pops.polling.wakeAny(topic, consumerGroup);
  }

  private countRest({ topic, queueId }: PopQueue): void {
    const { consumerGroup, initMode, order } = this.header;
    const end = this.broker.store.getMaxOffsetInQueue(topic, queueId);
    const offset = this.pops.offsets.offsetOf(topic, consumerGroup, queueId, initMode);
    if (!order) this.rest += Math.max(end - offset, 0);
  }

  private async readLocked(queue: PopQueue): Promise<PopPortion | undefined> {
    const { consumerGroup, initMode } = this.header;
    const offset = this.pops.offsets.take(queue.topic, consumerGroup, queue.queueId, initMode);
    if (!this.isBlocked(queue)) return this.portion(queue, offset);
    this.blocked.push(queue);
    return undefined;
  }

  private get isGroupFull(): boolean {
    return this.pops.inflight.isFull(this.header.consumerGroup);
  }

  private get isFull(): boolean {
    const { maxTransferBytesOnMessageInMemory } = this.broker.storeConfig;
    return this.count >= this.header.maxMsgNums || this.size >= maxTransferBytesOnMessageInMemory;
  }

  private isBlocked({ topic, queueId }: PopQueue): boolean {
    const { order, attemptId, consumerGroup } = this.header;
    return order && this.pops.orders.checkBlock(attemptId, topic, consumerGroup, queueId);
  }

  private async portion(queue: PopQueue, offset: number): Promise<PopPortion | undefined> {
    const { consumerGroup } = this.header;
    const { topic, queueId } = queue;
    let start = offset;
    let result = await this.getMessage(queue, start);
    if (result.status === 'OFFSET_TOO_SMALL' || result.status === 'OFFSET_OVERFLOW_BADLY') {
      start = result.nextBeginOffset;
      this.broker.offsets.commitOffset(consumerGroup, topic, queueId, start);
      result = await this.getMessage(queue, start);
    }
    this.rest += Math.max(result.maxOffset - result.nextBeginOffset, 0);
    if (result.messageCount > 0) {
      this.count += result.messageCount;
      this.size += result.messages.length;
      return new PopPortion(topic, queueId, start, result);
    }
    if (result.status === 'NO_MATCHED_MESSAGE' || result.status === 'MESSAGE_WAS_REMOVING') {
      this.broker.offsets.commitOffset(consumerGroup, topic, queueId, result.nextBeginOffset);
      this.hasSkipped ||= result.nextBeginOffset < result.maxOffset && result.nextBeginOffset > start;
    }
    return undefined;
  }

  private getMessage({ topic, queueId }: PopQueue, offset: number): Promise<GetMessageResult> {
    const count = this.header.maxMsgNums - this.count;
    return getMessage(this.broker.store, topic, queueId, offset, count, this.filter);
  }
}
