import { messageQueueKey, type MessageQueue } from '../../common/message-queue.js';
import { MQBrokerError } from '../../errors/mq-broker.error.js';
import { RequestCode } from '../../remoting/request-code.js';
import { ResponseCode } from '../../remoting/response-code.js';
import type { MQClientInstance } from '../mq-client-instance.js';
import type { OffsetStore } from './offset-store.js';

/** Keeps the offsets of a group in the brokers (RemoteBrokerOffsetStore). */
export class RemoteBrokerOffsetStore implements OffsetStore {
  private readonly offsets = new Map<string, number>();
  /** What the broker was told last. */
  private readonly persisted = new Map<string, number>();

  constructor(
    private readonly instance: MQClientInstance,
    private readonly consumerGroup: string,
  ) {}

  async load(): Promise<void> {}

  updateOffset(mq: MessageQueue, offset: number, increaseOnly: boolean): void {
    const key = messageQueueKey(mq);
    const present = this.offsets.get(key);
    if (present === undefined || !increaseOnly || offset > present) this.offsets.set(key, offset);
  }

  memoryOffset(mq: MessageQueue): number {
    return this.offsets.get(messageQueueKey(mq)) ?? -1;
  }

  async readOffset({ topic, brokerName, queueId }: MessageQueue): Promise<number> {
    const header = { consumerGroup: this.consumerGroup, topic, queueId };
    try {
      const code = RequestCode.QUERY_CONSUMER_OFFSET;
      const response = await this.instance.request(brokerName, { code, header, body: undefined });
      return response.header!.offset;
    } catch (error) {
      if (error instanceof MQBrokerError && error.responseCode === ResponseCode.QUERY_NOT_FOUND) return -1;
      throw error;
    }
  }

  async persistAll(queues: readonly MessageQueue[]): Promise<void> {
    const keys = new Set(queues.map(messageQueueKey));
    for (const key of this.offsets.keys()) if (!keys.has(key)) this.offsets.delete(key);
    await Promise.all(queues.map((mq) => this.persist(mq)));
  }

  async persist(mq: MessageQueue): Promise<void> {
    const key = messageQueueKey(mq);
    const commitOffset = this.offsets.get(key);
    if (commitOffset === undefined || this.persisted.get(key) === commitOffset) return;
    const { topic, brokerName, queueId } = mq;
    const header = { consumerGroup: this.consumerGroup, topic, queueId, commitOffset };
    await this.instance.request(brokerName, {
      code: RequestCode.UPDATE_CONSUMER_OFFSET,
      header,
      body: undefined,
    });
    this.persisted.set(key, commitOffset);
  }

  removeOffset(mq: MessageQueue): void {
    this.offsets.delete(messageQueueKey(mq));
    this.persisted.delete(messageQueueKey(mq));
  }
}
