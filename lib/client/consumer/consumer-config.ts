import { bool, integer, limit, oneOf, resolveOptions, type OptionRules } from '../../common/option-rules.js';
import { allocationRule, type AllocationOption } from '../allocate/allocation-strategies.js';
import { offsetStoreRule, type OffsetStoreFactory } from '../offset/offset-store.js';
import { groupRule, topicRule } from '../validators.js';
import { rateLimitRule, type RateLimit } from './rate-window.js';
import { suspendRule } from './suspend-time.js';
import type { ConsumeFromWhere, MessageModel } from '../../remoting/body/heartbeat-data.js';

/** How a push consumer works; names, units and defaults are those of DefaultMQPushConsumer. */
export interface ConsumerConfig {
  /** Name of the consumer group. */
  consumerGroup: string;
  /** Whether the members of the group share the messages or each gets all. */
  messageModel: MessageModel;
  /** Where a group begins that has no offset yet. */
  consumeFromWhere: ConsumeFromWhere;
  /** For `CONSUME_FROM_TIMESTAMP`, in milliseconds since the epoch; by default half an hour before the start. */
  consumeTimestamp: number | undefined;
  /** How queues are divided among the members, which must all do it in the same way. */
  allocateMessageQueueStrategy: AllocationOption;
  /** Makes the store of the offsets, for the group as brokers call it; none: brokers, or a file for broadcasting. */
  offsetStore: OffsetStoreFactory | undefined;
  /** Calls of the listener that may be under way at once. */
  consumeThreadNumber: number;
  /** At most so many calls of the listener begin within a time, by this member of the group; pulling waits for them. */
  rateLimit: RateLimit | undefined;
  /** Most messages of one call of the listener. */
  consumeMessageBatchMaxSize: number;
  /** Most messages of one pull; brokers send at most 32. */
  pullBatchSize: number;
  /** Milliseconds between pulls of a queue. */
  pullInterval: number;
  /** Messages, and MiB, of a queue that wait for the listener before pulling pauses. */
  pullThresholdForQueue: number;
  pullThresholdSizeForQueue: number;
  /** The same for all queues of this member together, which have equal parts of it; -1: no such limit. */
  pullThresholdForTopic: number;
  pullThresholdSizeForTopic: number;
  /** Distance between the first and the last waiting message of a queue before pulling pauses. */
  consumeConcurrentlyMaxSpan: number;
  /** Attempts before a message is dead; -1: 16 concurrently, unlimited in order. */
  maxReconsumeTimes: number;
  /** Milliseconds between attempts in order, from 10 to 30,000. */
  suspendCurrentQueueTimeMillis: number;
  /** Minutes after which a message that is still being handled is also sent back. */
  consumeTimeout: number;
  /** Milliseconds that a shutdown waits for running listeners. */
  awaitTerminationMillisWhenShutdown: number;
  /** Whether messages are handled in the order of their queue. */
  consumeOrderly: boolean;
  /** Send a record of every delivery to the trace topic, in the background. */
  enableMsgTrace: boolean;
  /** Topic of these records; `RMQ_SYS_TRACE_TOPIC` by default. */
  customizedTraceTopic: string | undefined;
  /** Share queues out among the members themselves; otherwise the broker does, and says whether to pull or to pop. */
  clientRebalance: boolean;
  /** Most messages of one pop. */
  popBatchNums: number;
  /** Milliseconds for which nobody else gets popped messages. */
  popInvisibleTime: number;
  /** Popped messages of an assignment that are not done before popping pauses. */
  popThresholdForQueue: number;
}

/** What these options may be, also where an application has them. */
export const consumerRules: OptionRules<ConsumerConfig> = {
  consumerGroup: groupRule(''),
  messageModel: oneOf('CLUSTERING', ['CLUSTERING', 'BROADCASTING']),
  consumeFromWhere: oneOf('CONSUME_FROM_LAST_OFFSET', [
    'CONSUME_FROM_LAST_OFFSET',
    'CONSUME_FROM_FIRST_OFFSET',
    'CONSUME_FROM_TIMESTAMP',
  ]),
  consumeTimestamp: { ...integer(0, 0), default: undefined },
  allocateMessageQueueStrategy: allocationRule,
  offsetStore: offsetStoreRule,
  consumeThreadNumber: integer(20, 1, 1000),
  rateLimit: rateLimitRule,
  consumeMessageBatchMaxSize: integer(1, 1, 1024),
  pullBatchSize: integer(32, 1, 1024),
  pullInterval: integer(0, 0, 65_535),
  pullThresholdForQueue: integer(1000, 1, 65_535),
  pullThresholdSizeForQueue: integer(100, 1, 1024),
  pullThresholdForTopic: limit(6_553_500),
  pullThresholdSizeForTopic: limit(102_400),
  consumeConcurrentlyMaxSpan: integer(2000, 1, 65_535),
  // It travels as Java's int.
  maxReconsumeTimes: integer(-1, -1, 0x7fffffff),
  suspendCurrentQueueTimeMillis: suspendRule,
  consumeTimeout: integer(15, 1),
  awaitTerminationMillisWhenShutdown: integer(0, 0),
  consumeOrderly: bool(false),
  enableMsgTrace: bool(false),
  customizedTraceTopic: topicRule<string | undefined>(undefined),
  clientRebalance: bool(true),
  popBatchNums: integer(32, 1, 32),
  popInvisibleTime: integer(60_000, 5000, 300_000),
  popThresholdForQueue: integer(96, 1, 65_535),
};

export function consumeTimeoutMillis({ consumeTimeout }: Pick<ConsumerConfig, 'consumeTimeout'>): number {
  return consumeTimeout * 60_000;
}

/** Fills in defaults; {@link ConfigurationError} for a value that is not allowed. */
export function resolveConsumerConfig(given: Partial<ConsumerConfig>): ConsumerConfig {
  return resolveOptions('consumer', consumerRules, given);
}
