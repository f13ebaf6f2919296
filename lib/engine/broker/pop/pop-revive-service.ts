import type { Timer } from '../../../common/clock.js';
import { LimitedLogger } from '../../../common/limited-logger.js';
import { decodeMessages } from '../../../common/message-decoder.js';
import { MessageConst } from '../../../common/message-const.js';
import type { MessageExt } from '../../../common/message-ext.js';
import {
  isRetryTopic,
  isReviveTopic,
  normalTopicOf,
  popRetryTopicV1Of,
  REVIVE_QUEUES,
} from '../../../common/mix-all.js';
import { topicNameFault } from '../../../common/topic-validator.js';
import type { DispatchRequest } from '../../store/dispatch-request.js';
import type { GetMessageResult } from '../../store/get-message-result.js';
import type { MessageExtBrokerInner } from '../../store/message-ext-broker-inner.js';
import { isRefusedForGood, isStored, type PutMessageStatus } from '../../store/put-message-status.js';
import type { BrokerController } from '../broker-controller.js';
import { copyOf } from '../message-copy.js';
import { getMessage, putMessage } from '../store-promises.js';
import type { PopCheckPoint } from './pop-check-point.js';
import { ReviveQueue, type OpenPoint } from './revive-queue.js';

/** Milliseconds between two looks at check points (reviveInterval). */
const REVIVE_INTERVAL = 1000;
const RETRY_QUEUE_NUMS = 1;
/** Reads that are under way at once: from the disk, each takes a place of flushes and of what is pulled. */
const MAX_READS = 4;

/** Puts messages that were popped and not acknowledged into the retry topic of their group (PopReviveService). */
export class PopReviveService {
  /** By queue id. */
  private readonly queues: ReviveQueue[] = [];
  /** What is left in the revive topics of earlier names of the cluster. */
  private readonly former: ReviveQueue[] = [];
  /** Each reads one thing after the other. */
  private readonly readers = Array.from({ length: MAX_READS }, () => Promise.resolve());
  private readCount = 0;
  private timer: Timer | undefined;
  private running = Promise.resolve();
  private isStopped = false;
  /** Of what is lost: there may be as many messages as a topic had that was deleted. */
  private readonly limited: LimitedLogger;

  constructor(
    private readonly broker: BrokerController,
    private readonly reviveTopic: string,
    /** How far the timers have come, in milliseconds since the epoch. */
    private readonly deliveredUntil: () => number,
    /** Nothing of the check point is open any more. */
    private readonly onEnd: (point: PopCheckPoint) => void,
  ) {
    this.limited = new LimitedLogger(broker.logger, broker.clock);
  }

  start(): void {
    this.addUpTo(REVIVE_QUEUES - 1);
    for (const [topic, maxQueueId] of this.broker.store.topics()) {
      if (topic === this.reviveTopic) this.addUpTo(maxQueueId);
      else if (isReviveTopic(topic)) this.addFormer(topic, maxQueueId);
    }
    this.workLater();
  }

  /** Messages were stored. */
  onArriving(records: readonly DispatchRequest[]): void {
    for (const { queue, consumeQueueOffset } of records) {
      if (queue.topic !== this.reviveTopic) continue;
      this.addUpTo(queue.queueId, consumeQueueOffset);
      if (this.timer === undefined) this.workLater();
    }
  }

  /** Begins nothing more, and waits for what is being stored. */
  async stop(): Promise<void> {
    this.isStopped = true;
    for (const queue of this.all()) queue.stop();
    this.broker.clock.clearTimeout(this.timer);
    await this.running;
  }

  /** Timers bring check points to the queues that Apache's broker chose, too, of which there may be more than here (reviveQueueNum). */
  private addUpTo(queueId: number, max?: number): void {
    while (this.queues.length <= queueId) {
      const queue = new ReviveQueue(this.broker, this.reviveTopic, this.queues.length);
      queue.load(max);
      this.queues.push(queue);
    }
  }

  private addFormer(topic: string, maxQueueId: number): void {
    for (let queueId = 0; queueId <= maxQueueId; queueId++) {
      const queue = new ReviveQueue(this.broker, topic, queueId);
      queue.load();
      this.former.push(queue);
    }
  }

  private all(): ReviveQueue[] {
    return [...this.former, ...this.queues];
  }

  private workLater(): void {
    if (this.isStopped || this.all().every(({ isIdle }) => isIdle)) return;
    this.timer = this.broker.clock.setTimeout(() => {
      this.running = this.workOff()
        .catch((error) => this.failed(error))
        .then(() => {
          this.timer = undefined;
          this.workLater();
        });
    }, REVIVE_INTERVAL);
  }

  private async workOff(): Promise<void> {
    const until = this.deliveredUntil();
    for (const queue of this.all()) {
      if (this.isStopped) return;
      if (queue.isIdle) continue;
      await queue.workOff(until, (entry) => this.workOffPoint(entry)).catch((error) => this.failed(error));
    }
  }

  private failed(error: Error): void {
    this.broker.logger.error(`Popped messages: ${error.stack}`);
  }

  /** False when it has to be tried again. */
  private async workOffPoint(entry: OpenPoint): Promise<boolean> {
    if (this.isStopped) return false;
    if (!this.isWanted(entry.point)) this.drop(entry);
    else if (!(await this.reviveAll(entry))) return false;
    this.onEnd(entry.point);
    return true;
  }

  private async reviveAll(entry: OpenPoint): Promise<boolean> {
    const { topic, consumerGroup } = entry.point;
    for (let rest = [...entry.open]; rest.length > 0;) rest = await this.reviveFirst(entry, rest);
    if (entry.open.size === 0) return true;
    if (!entry.hasFailed)
      this.broker.logger.error(
        `Messages of topic ${topic} that group ${consumerGroup} did not acknowledge cannot be read or stored for a retry; it is tried again`,
      );
    entry.hasFailed = true;
    return false;
  }

  /** Nobody gets messages of a topic or for a group that is gone, or whose names no pop of this broker has. */
  private isWanted({ topic, consumerGroup }: PopCheckPoint): boolean {
    const { topics, groups } = this.broker;
    const normalTopic = normalTopicOf(topic, consumerGroup);
    return (
      normalTopic !== undefined &&
      topicNameFault(popRetryTopicV1Of(normalTopic, consumerGroup)) === undefined &&
      topics.selectTopicConfig(normalTopic) !== undefined &&
      groups.findSubscriptionGroupConfig(consumerGroup) !== undefined
    );
  }

  private drop({ point, open }: OpenPoint): void {
    const { topic, queueId, consumerGroup } = point;
    if (open.size === 0) return;
    this.limited.warn(
      `Messages ${[...open].join()} of queue ${queueId} of topic ${topic} do not come back to group ${consumerGroup}: the topic or the group is gone, or the group has no retry topic for it`,
    );
  }

  /** What stands side by side is read together. Returns the offsets that are left to try; those that were not revived stay open. */
  private async reviveFirst(entry: OpenPoint, offsets: readonly number[]): Promise<number[]> {
    const first = offsets[0]!;
    const gap = offsets.findIndex((offset, i) => offset !== first + i);
    const count = gap < 0 ? offsets.length : gap;
    const result = await this.read(entry.point, first, count).catch(() => undefined);
    if (result === undefined) return offsets.slice(count);
    const end = Math.max(result.nextBeginOffset, first + 1);
    const messages = new Map(
      decodeMessages(result.messages).map((message) => [message.queueOffset, message]),
    );
    const tried = offsets.filter((offset) => offset < end);
    await Promise.all(tried.map((offset) => this.revive(entry, offset, messages.get(offset))));
    return offsets.filter((offset) => offset >= end);
  }

  private async revive({ point, open }: OpenPoint, offset: number, message?: MessageExt): Promise<void> {
    if (message === undefined) {
      this.limited.warn(
        `Message ${offset} of queue ${point.queueId} of topic ${point.topic} is no longer there for a retry of group ${point.consumerGroup}`,
      );
      open.delete(offset);
    } else if (await this.putRetry(message, point)) open.delete(offset);
  }

  private read({ topic, queueId }: PopCheckPoint, offset: number, count: number): Promise<GetMessageResult> {
    const reader = this.readCount++ % MAX_READS;
    const result = this.readers[reader]!.then(() =>
      getMessage(this.broker.store, topic, queueId, offset, count),
    );
    const end = () => {};
    this.readers[reader] = result.then(end, end);
    return result;
  }

  /** False when it has to be tried again; what the store never takes must not hold up those behind it. */
  private async putRetry(message: MessageExt, point: PopCheckPoint): Promise<boolean> {
    const topic = isRetryTopic(point.topic)
      ? point.topic
      : popRetryTopicV1Of(point.topic, point.consumerGroup);
    this.prepare(topic, point.consumerGroup);
    const status = await this.put(message, topic, firstPopTime(message, point));
    if (isStored(status)) return true;
    if (this.broker.store.isDeleted(topic)) await this.finishDeletion(topic);
    if (!isRefusedForGood(status)) return false;
    this.broker.logger.error(
      `Message ${message.queueOffset} of queue ${point.queueId} of topic ${point.topic} cannot be stored for a retry of group ${point.consumerGroup} and is dropped: ${status}`,
    );
    return true;
  }

  /** The topic of the messages is there, and they need a retry topic. */
  private async finishDeletion(retryTopic: string): Promise<void> {
    await this.broker
      .deleteTopic(retryTopic)
      .catch((error) => this.limited.warn(`Topic ${retryTopic} cannot be deleted: ${String(error)}`));
  }

  private async put(
    message: MessageExt,
    topic: string,
    added: ReadonlyMap<string, string>,
  ): Promise<PutMessageStatus> {
    const { store } = this.broker;
    const { status } = await putMessage(store, this.retryOf(message, topic, added));
    if (status !== 'PROPERTIES_SIZE_EXCEEDED' || added.size === 0) return status;
    // What is added is worth less than the message.
    return this.put(message, topic, new Map());
  }

  private retryOf(
    message: MessageExt,
    topic: string,
    added: ReadonlyMap<string, string>,
  ): MessageExtBrokerInner {
    const { storeHost } = this.broker;
    const copy = copyOf(message, {
      topic,
      queueId: 0,
      properties: new Map([...message.properties, ...added]),
      reconsumeTimes: message.reconsumeTimes + 1,
      storeHost,
    });
    return { ...copy, bornHost: storeHost };
  }

  /** The group gets what it is given for a retry from the first message on (#addRetryTopicIfNotExist). */
  private prepare(topic: string, group: string): void {
    const { topics, offsets } = this.broker;
    if (topics.selectTopicConfig(topic) !== undefined) return;
    topics.findOrCreate(topic, RETRY_QUEUE_NUMS);
    if (offsets.queryOffset(group, topic, 0) === undefined) offsets.commitOffset(group, topic, 0, 0);
  }
}

function firstPopTime(message: MessageExt, { popTime }: PopCheckPoint): ReadonlyMap<string, string> {
  const isFirst =
    message.reconsumeTimes === 0 || message.getProperty(MessageConst.FIRST_POP_TIME) === undefined;
  return isFirst ? new Map([[MessageConst.FIRST_POP_TIME, `${popTime}`]]) : new Map();
}
