import type { MessageExt } from '../common/message-ext.js';
import { compareMessageQueues, type MessageQueue } from '../common/message-queue.js';
import { MQAdminImpl, type MQClientInstance } from '../client/index.js';
import { ConfigurationError, MQBrokerError, MQClientError } from '../errors/index.js';

/** Messages of one answer to a pull; brokers send at most 32. */
const PAGE = 32;
const MAX_QUERY = 64;
/** Java's Integer.MAX_VALUE. */
const MAX_SHARE = 0x7fffffff;

/**
 * Which messages of a topic {@link RocketMQAdmin.browse} shows.
 *
 * @publicApi
 */
export interface RocketMQBrowseOptions {
  /** Stored at this time or later. Default: from the first message on. */
  from?: Date | number;
  /** Stored before this time. Default: up to the last message that is there when browsing begins. */
  to?: Date | number;
  /** Most messages. Default: 100. */
  max?: number;
  /** Only this queue. Default: all, one behind the other. */
  queue?: MessageQueue;
}

/**
 * Where a queue begins and ends.
 *
 * @publicApi
 */
export interface RocketMQQueueRange {
  readonly queue: MessageQueue;
  /** Of the first message that there is. */
  readonly minOffset: number;
  /** Of the next message that will come. */
  readonly maxOffset: number;
}

/**
 * Looks at topics and messages without consuming anything, and sets how groups consume; injectable.
 *
 * @publicApi
 */
export class RocketMQAdmin {
  private readonly questions: MQAdminImpl;

  constructor(instance: MQClientInstance) {
    this.questions = new MQAdminImpl(instance);
  }

  /** The queues of a topic with their offsets. */
  async queues(topic: string): Promise<RocketMQQueueRange[]> {
    const queues = (await this.questions.fetchMessageQueues(topic)).toSorted(compareMessageQueues);
    return Promise.all(
      queues.map(async (queue) => {
        const offsets = [this.questions.minOffset(queue), this.questions.maxOffset(queue)];
        const [minOffset, maxOffset] = (await Promise.all(offsets)) as [number, number];
        return { queue, minOffset, maxOffset };
      }),
    );
  }

  /** Messages of a topic in the order of their queues; reads on as long as it is asked for more. */
  async *browse(
    topic: string,
    { from, to, max = 100, queue: only }: RocketMQBrowseOptions = {},
  ): AsyncGenerator<MessageExt, void, undefined> {
    checkMax('max', max, Number.MAX_SAFE_INTEGER);
    let left = max;
    for (const { queue, minOffset, maxOffset } of await this.queues(topic)) {
      if (only !== undefined && compareMessageQueues(only, queue) !== 0) continue;
      const begin = from === undefined ? minOffset : await this.questions.searchOffset(queue, Number(from));
      const end = to === undefined ? maxOffset : await this.questions.searchOffset(queue, Number(to));
      for await (const message of this.read(queue, begin, Math.min(end, maxOffset))) {
        if (left-- === 0) return;
        yield message;
      }
    }
  }

  /** Messages that have a key, the newest last. At most `max` of each broker, which may be 64. */
  async queryByKey(
    topic: string,
    key: string,
    { from = 0, to = Number.MAX_SAFE_INTEGER, max = 32 }: Omit<RocketMQBrowseOptions, 'queue'> = {},
  ): Promise<MessageExt[]> {
    checkMax('max', max, MAX_QUERY);
    const options = { maxNum: max, begin: Number(from), end: Number(to) };
    const found = await this.questions.queryMessage(topic, key, options);
    return found.toSorted((a, b) => a.storeTimestamp - b.storeTimestamp);
  }

  /** A message by its `msgId` or `offsetMsgId`; undefined when there is none. */
  async findById(topic: string, id: string): Promise<MessageExt | undefined> {
    return (await this.questions.queryMessageByUniqKey(topic, id)) ?? this.findByOffsetId(id);
  }

  /**
   * Says how the listeners of a group get the messages of a topic that have `clientRebalance: false`: from queues of their own
   * (`PULL`), or each message by itself (`POP`). The brokers keep it; listeners that run follow at once with the
   * engine, and within 20 s with Apache's broker. As of `mqadmin setConsumeMode`.
   *
   * @param popShareQueueNum how many other members pop from the queues that a member would have when it pulled. Default: 0, all
   * members pop from all queues.
   * @throws MQClientError when there is no such topic.
   * @throws MQBrokerError when a broker refuses.
   */
  async setMessageRequestMode(
    topic: string,
    consumerGroup: string,
    mode: 'PULL' | 'POP',
    popShareQueueNum = 0,
  ): Promise<void> {
    if (mode !== 'PULL' && mode !== 'POP')
      throw new ConfigurationError(`mode is ${String(mode)}; allowed: PULL, POP`);
    checkRange('popShareQueueNum', popShareQueueNum, 0, MAX_SHARE);
    const body = { topic, consumerGroup, mode, popShareQueueNum };
    await this.questions.setMessageRequestMode(body);
  }

  private async findByOffsetId(id: string): Promise<MessageExt | undefined> {
    try {
      return await this.questions.viewMessage(id);
    } catch (error) {
      // It is an id of the other kind, or lies in no broker (any more).
      const isRefused = error instanceof MQClientError && !error.retryable;
      if (isRefused || error instanceof RangeError || error instanceof MQBrokerError) return undefined;
      throw error;
    }
  }

  /** Pages of a queue; offsets that are no more there are passed over. */
  private async *read(queue: MessageQueue, begin: number, end: number): AsyncGenerator<MessageExt> {
    for (let offset = begin; offset < end;) {
      const { messages, nextOffset } = await this.questions.pull(queue, offset, PAGE);
      for (const message of messages) if (message.queueOffset < end) yield message;
      if (nextOffset <= offset) return;
      offset = nextOffset;
    }
  }
}

function checkMax(name: string, value: number, max: number): void {
  checkRange(name, value, 1, max);
}

function checkRange(name: string, value: number, min: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return;
  throw new ConfigurationError(`${name} is ${value}; allowed: an integer from ${min} to ${max}`);
}
