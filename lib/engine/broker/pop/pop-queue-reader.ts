import type { PopMessageRequestHeader } from '../../../remoting/header/pop-message-request-header.js';
import type { GetMessageResult, MessageFilter } from '../../store/get-message-result.js';
import type { BrokerController } from '../broker-controller.js';
import { PopPortion } from './pop-portion.js';
import type { PopService } from './pop-service.js';
import { lockKeyOf } from './queue-locks.js';

export interface PopQueue {
  readonly topic: string;
  readonly queueId: number;
}

/** Reads queues for one pop, which it keeps locked for its group (PopMessageProcessor#popMsgFromQueue). */
export class PopQueueReader {
  /** Messages that are left in the queues that were looked at. */
  rest = 0;
  private count = 0;
  private size = 0;
  private readonly locked: string[] = [];
  private readonly bumped: string[] = [];
  /** The end of each queue as it was looked at. */
  private readonly ends = new Map<string, number>();
  private hasSkipped = false;

  constructor(
    private readonly broker: BrokerController,
    private readonly pops: PopService,
    private readonly header: PopMessageRequestHeader,
    private readonly filter: MessageFilter | undefined,
  ) {}

  /** What the group gets of a queue, if anything. */
  async read(queue: PopQueue): Promise<PopPortion | undefined> {
    const { topic, queueId } = queue;
    const { consumerGroup, initMode, order } = this.header;
    const key = lockKeyOf(topic, consumerGroup, queueId);
    const end = this.broker.store.getMaxOffsetInQueue(topic, queueId);
    this.ends.set(key, end);
    if (!this.pops.locks.tryLock(key)) {
      this.bumped.push(key);
      if (!order) this.rest += end - this.pops.offsets.offsetOf(topic, consumerGroup, queueId, initMode);
      return undefined;
    }
    this.locked.push(key);
    const offset = this.pops.offsets.take(topic, consumerGroup, queueId, initMode);
    if (this.isBlocked(queue)) return undefined;
    if (this.isFull || this.pops.inflight.isFull(consumerGroup)) {
      this.rest += Math.max(end - offset, 0);
      return undefined;
    }
    return this.portion(queue, offset);
  }

  /** Gives the queues free; who found one of them locked is woken. */
  unlock(): void {
    const { topic, consumerGroup } = this.header;
    for (const key of this.locked.splice(0)) {
      this.pops.locks.unlock(key);
      if (this.pops.bumped.delete(key)) this.pops.polling.wakeAny(topic, consumerGroup);
    }
  }

  /** Whether something has changed meanwhile for a request that found nothing, so that it should look again. */
  hasNews(queues: readonly PopQueue[]): boolean {
    if (this.hasSkipped || this.bumped.some((key) => !this.pops.locks.isLocked(key))) return true;
    for (const key of this.bumped) this.pops.bumped.add(key);
    return queues.some(({ topic, queueId }) => {
      const end = this.ends.get(lockKeyOf(topic, this.header.consumerGroup, queueId)) ?? 0;
      return this.broker.store.getMaxOffsetInQueue(topic, queueId) > end;
    });
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
    return new Promise((resolve) =>
      this.broker.store.getMessage(topic, queueId, offset, count, this.filter, resolve),
    );
  }
}
