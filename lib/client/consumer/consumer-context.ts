import type { Clock } from '../../common/clock.js';
import { describe } from '../../common/describe.js';
import { LimitedLogger } from '../../common/limited-logger.js';
import type { Logger } from '../../common/logger.js';
import { MessageConst } from '../../common/message-const.js';
import type { MessageExt } from '../../common/message-ext.js';
import type { MessageQueue } from '../../common/message-queue.js';
import { isDlqTopic, normalTopicOf, retryTopicOf } from '../../common/mix-all.js';
import type { ConsumerData, ConsumeType } from '../../remoting/body/heartbeat-data.js';
import type { SubscriptionData } from '../../remoting/body/subscription-data.js';
import type { RemotingResponse } from '../../remoting/remoting-command.js';
import { MQAdminImpl } from '../mq-admin-impl.js';
import type { MQClientInstance } from '../mq-client-instance.js';
import { createOffsetStore } from '../offset/create-offset-store.js';
import type { OffsetStore } from '../offset/offset-store.js';
import type { ConsumerConfig } from './consumer-config.js';
import { ConsumerStatsManager } from './consumer-stats-manager.js';
import { MessageBackSender } from './message-back-sender.js';
import type { PopProcessQueue } from './pop-process-queue.js';
import type { ProcessQueue } from './process-queue.js';
import { PulledMessages } from './pulled-messages.js';
import { attemptsOf, beginSecondLife } from './second-life.js';

/** Attempts of a message that is not consumed in order. */
const DEFAULT_MAX_RECONSUME_TIMES = 16;
/** Of one that is: Java's Integer.MAX_VALUE. */
const UNLIMITED_RECONSUME_TIMES = 0x7fffffff;

/** What the parts of one consumer have in common. */
export class ConsumerContext {
  /** What this consumer subscribes to, by topic. */
  readonly subscriptions = new Map<string, SubscriptionData>();
  /** The queues of this consumer by their key. */
  readonly processQueueTable = new Map<string, ProcessQueue>();
  /** Queues that were taken away, until they are given free: in order when their last messages were handled. */
  readonly releasing = new Map<string, ProcessQueue>();
  /** What this consumer pops from, by its key. */
  readonly popProcessQueueTable = new Map<string, PopProcessQueue>();
  /** Topics whose popped messages came to nothing, with the topics from which they come, while those are pulled from. */
  readonly popRetryTopics = new Map<string, string>();
  readonly offsetStore: OffsetStore;
  readonly questions: MQAdminImpl;
  readonly pulled: PulledMessages;
  readonly backSender: MessageBackSender;
  readonly maxReconsumeTimes: number;
  /** Calls of the listener that may be under way at once, as it was last set. */
  concurrency: number;
  readonly stats: ConsumerStatsManager;
  private readonly refusals = new Map<string, LimitedLogger>();
  private readonly retryTopic: string;

  /** @throws ConfigurationError when the store of offsets that the application makes is none. */
  constructor(
    readonly instance: MQClientInstance,
    readonly config: ConsumerConfig,
  ) {
    const { consumerGroup, consumeOrderly, maxReconsumeTimes, consumeThreadNumber } = config;
    this.offsetStore = createOffsetStore(instance, consumerGroup, config.messageModel, config.offsetStore);
    this.concurrency = consumeThreadNumber;
    const defaultTimes = consumeOrderly ? UNLIMITED_RECONSUME_TIMES : DEFAULT_MAX_RECONSUME_TIMES;
    this.maxReconsumeTimes = maxReconsumeTimes < 0 ? defaultTimes : maxReconsumeTimes;
    this.retryTopic = retryTopicOf(consumerGroup);
    this.questions = new MQAdminImpl(instance);
    this.pulled = new PulledMessages(instance.clock);
    this.stats = new ConsumerStatsManager(instance.clock);
    this.backSender = new MessageBackSender(instance, consumerGroup, this.maxReconsumeTimes);
  }

  /** Pulls and pops are refused of each queue again and again: there is a line for each topic and code every 10 s. */
  logRefusal(what: string, { topic }: MessageQueue, { code, remark }: RemotingResponse): void {
    const key = `${code} ${topic}`;
    let logger = this.refusals.get(key);
    if (logger === undefined) this.refusals.set(key, (logger = new LimitedLogger(this.logger, this.clock)));
    logger.warn(`${what} was refused, CODE: ${code}  DESC: ${remark}`);
  }

  get clock(): Clock {
    return this.instance.clock;
  }

  get logger(): Logger {
    return this.instance.logger;
  }

  /** Messages of a queue that may wait (RebalancePushImpl#messageQueueChanged). */
  get pullThresholdForQueue(): number {
    const { pullThresholdForTopic, pullThresholdForQueue } = this.config;
    return this.withinRate(this.partOf(pullThresholdForTopic) ?? pullThresholdForQueue);
  }

  /** What cannot be handled soon is better off in the broker: another member may get it, and each pop counts as an attempt. */
  withinRate(count: number): number {
    return Math.min(count, this.config.rateLimit?.max ?? count);
  }

  /** MiB of a queue that may wait. */
  get pullThresholdSizeForQueue(): number {
    return this.partOf(this.config.pullThresholdSizeForTopic) ?? this.config.pullThresholdSizeForQueue;
  }

  processQueues(): IterableIterator<ProcessQueue> {
    return this.processQueueTable.values();
  }

  /** In one walk for all topics, of which there may be thousands. */
  queuesByTopic(): ReadonlyMap<string, readonly ProcessQueue[]> {
    const queues = new Map<string, ProcessQueue[]>();
    for (const queue of this.processQueues()) {
      const others = queues.get(queue.mq.topic);
      if (others === undefined) queues.set(queue.mq.topic, [queue]);
      else others.push(queue);
    }
    return queues;
  }

  /** What brokers are told of this consumer. */
  consumerData(consumeType: ConsumeType): ConsumerData {
    const { consumerGroup: groupName, messageModel, consumeFromWhere } = this.config;
    const { unitMode } = this.instance.config;
    const subscriptionDataSet = [...this.subscriptions.values()];
    return { groupName, consumeType, messageModel, consumeFromWhere, subscriptionDataSet, unitMode };
  }

  /** Before the listener is called: a message shows the topic that its sender named, and notes the time. */
  prepare(messages: readonly MessageExt[]): void {
    const startTime = this.clock.now();
    for (const message of messages) {
      if (message.topic === this.retryTopic) {
        message.topic = this.sentTo(message.getProperty(MessageConst.RETRY_TOPIC) ?? message.topic);
      } else if (isDlqTopic(message.topic) && message.consumeStartTimestamp === undefined) {
        beginSecondLife(message);
      }
      if (this.popRetryTopics.size > 0)
        message.topic = this.popRetryTopics.get(message.topic) ?? message.topic;
      message.topic = this.instance.withoutNamespace(message.topic);
      message.consumeStartTimestamp = startTime;
    }
  }

  /** What was popped, then pulled, and failed each time says that it came from the topic of popped retries. */
  private sentTo(topic: string): string {
    const normal = normalTopicOf(topic, this.config.consumerGroup);
    return normal !== undefined && this.subscriptions.has(normal) ? normal : topic;
  }

  /** What one queue has of a limit of all; as in Java at least 1, and those of the retry topic count too. */
  private partOf(limit: number): number | undefined {
    return limit < 0 ? undefined : Math.max(1, Math.floor(limit / this.processQueueTable.size));
  }

  logListenerError(messages: readonly MessageExt[], error: unknown): void {
    const [first] = messages;
    const more = messages.length > 1 ? ` and ${messages.length - 1} more` : '';
    this.logger.warn(
      `Consuming message ${first!.msgId}${more} of topic ${first!.topic} failed (attempt ` +
        `${attemptsOf(first!) + 1}, group ${this.config.consumerGroup}): ${describe(error)}`,
    );
  }
}

/** When the listener was called with the messages, in milliseconds since the epoch. */
export function startedAt(messages: readonly MessageExt[]): number {
  return messages[0]!.consumeStartTimestamp!;
}
