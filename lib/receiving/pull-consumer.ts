import type { MessageQueue } from '../common/message-queue.js';
import type { MessageExt } from '../common/message-ext.js';
import { checkNames, checkOption, integer } from '../common/option-rules.js';
import type { DefaultLitePullConsumer } from '../client/index.js';
import type { RocketMQReceiveOptions } from '../interfaces/pull-consumer-options.interface.js';
import { timeRule } from './pull-consumer-rules.js';

const timeoutRule = integer(0, 0);
const maxRule = integer(1, 1);
const POLL_OPTIONS: Readonly<Record<keyof RocketMQReceiveOptions, true>> = {
  timeout: true,
  max: true,
  signal: true,
};

/**
 * Messages that were fetched together, of one queue and in its order.
 *
 * @publicApi
 */
export class PullBatch implements Iterable<MessageExt> {
  constructor(
    private readonly consumer: DefaultLitePullConsumer,
    readonly messages: readonly MessageExt[],
  ) {}

  [Symbol.iterator](): Iterator<MessageExt> {
    return this.messages[Symbol.iterator]();
  }

  /** Commits this batch: its group goes on behind it. Does nothing when its queue went to another member: there it comes again. */
  async commit(): Promise<void> {
    const { topic, brokerName, queueId, queueOffset } = this.messages.at(-1)!;
    await this.consumer.commitOffset({ topic, brokerName, queueId }, queueOffset + 1);
  }
}

/**
 * Fetches messages when the application asks for them. It is made by {@link RocketMQPullConsumers}, and closed with the
 * application. Methods that ask a broker reject with MQBrokerError or RemotingTimeoutError.
 *
 * @publicApi
 */
export class PullConsumer implements AsyncIterable<PullBatch> {
  constructor(
    private readonly consumer: DefaultLitePullConsumer,
    private readonly onClose: () => void,
  ) {}

  /**
   * The next messages of one queue, as soon as there are any; none when the time is over, or the consumer was closed.
   *
   * @throws MQClientError when it was closed before, ConfigurationError for an option that is not allowed.
   */
  poll(options: RocketMQReceiveOptions = {}): Promise<MessageExt[]> {
    checkNames('options', options, POLL_OPTIONS);
    const { timeout, max, signal } = options;
    if (timeout !== undefined) checkOption('timeout', timeout, timeoutRule);
    if (max !== undefined) checkOption('max', max, maxRule);
    return this.consumer.poll(timeout, max, signal);
  }

  /** Batch after batch, until the consumer is closed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<PullBatch, void, undefined> {
    while (this.consumer.running) {
      const messages = await this.consumer.poll();
      if (messages.length > 0) yield new PullBatch(this.consumer, messages);
    }
  }

  /** Commits all that was fetched, of all queues or of these; queues that other members have by now are passed over. */
  commit(queues?: readonly MessageQueue[]): Promise<void> {
    return this.consumer.commit(queues);
  }

  /** What the group has committed of a queue, or -1. */
  committed(queue: MessageQueue): Promise<number> {
    return this.consumer.committed(queue);
  }

  /** Takes exactly these queues, whoever else has them. Only without a topic. */
  assign(queues: readonly MessageQueue[]): Promise<void> {
    return this.consumer.assign(queues);
  }

  /** The queues that this consumer has. */
  assignment(): MessageQueue[] {
    return this.consumer.assignment();
  }

  /** All queues of a topic. */
  queuesOf(topic: string): Promise<MessageQueue[]> {
    return this.consumer.fetchMessageQueues(topic);
  }

  /** Goes on at an offset of a queue. */
  seek(queue: MessageQueue, offset: number): Promise<void> {
    return this.consumer.seek(queue, offset);
  }

  seekToBegin(queue: MessageQueue): Promise<void> {
    return this.consumer.seekToBegin(queue);
  }

  seekToEnd(queue: MessageQueue): Promise<void> {
    return this.consumer.seekToEnd(queue);
  }

  /** The first message that was stored at a time (a date, or milliseconds since the epoch) or later. */
  async offsetForTimestamp(queue: MessageQueue, time: Date | number): Promise<number> {
    checkOption('time', time, timeRule);
    return this.consumer.offsetForTimestamp(queue, Number(time));
  }

  /** @internal */
  giveBack(message: MessageExt): void {
    this.consumer.giveBack(message);
  }

  /** Fetches nothing from these queues until they are resumed. */
  pause(queues: readonly MessageQueue[]): void {
    this.consumer.pause(queues);
  }

  resume(queues: readonly MessageQueue[]): void {
    this.consumer.resume(queues);
  }

  /** Leaves the group; what was fetched but not committed comes again. */
  async close(): Promise<void> {
    this.onClose();
    await this.consumer.shutdown();
  }
}
