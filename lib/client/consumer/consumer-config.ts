import { bool, integer, limit, oneOf, type OptionRules } from '../../common/option-rules.js';
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
  /** Whether the members of the group share the messages or each gets all. Default: `CLUSTERING`. */
  messageModel: MessageModel;
  /** Where a group begins that has no offset yet. Default: `CONSUME_FROM_LAST_OFFSET`. */
  consumeFromWhere: ConsumeFromWhere;
  /** For `CONSUME_FROM_TIMESTAMP`, milliseconds since the epoch. Default: half an hour before the start. */
  consumeTimestamp: number | undefined;
  /**
   * How queues are divided among the members of the group, which must all have the same strategy: `AVG`, `AVG_BY_CIRCLE`,
   * `CONSISTENT_HASH`, what {@link allocateMessageQueueConsistentHash}, {@link allocateMessageQueueByConfig} or
   * {@link allocateMessageQueueByMachineRoom} return, or one of your own. Default: `AVG`.
   */
  allocateMessageQueueStrategy: AllocationOption;
  /**
   * Makes the store in which the consumer of a group keeps how far it has come, in place of a file on this machine (`BROADCASTING`) or the
   * brokers. Called at each start of the consumer. Default: none.
   */
  offsetStore: OffsetStoreFactory | undefined;
  /** Calls that may be under way at once in this member of the group. Default: 20. */
  consumeThreadNumber: number;
  /** At most so many calls of the listener begin within a time, by this member of the group; pulling waits for them. Default: no limit. */
  rateLimit: RateLimit | undefined;
  /** Most messages of one call of the listener. Default: 1. */
  consumeMessageBatchMaxSize: number;
  /** Most messages of one pull; brokers send at most 32. Default: 32. */
  pullBatchSize: number;
  /** Milliseconds between pulls of a queue. Default: 0. */
  pullInterval: number;
  /** Messages of a queue that may wait before pulling pauses, 1 to 65,535. Default: 1000. */
  pullThresholdForQueue: number;
  /** The same in MiB, 1 to 1024. Default: 100. */
  pullThresholdSizeForQueue: number;
  /**
   * Messages of all queues of this member together, which have equal parts of it, in place of {@link pullThresholdForQueue}. Default: -1,
   * no such limit.
   */
  pullThresholdForTopic: number;
  /** The same in MiB, in place of {@link pullThresholdSizeForQueue}. Default: -1, no such limit. */
  pullThresholdSizeForTopic: number;
  /** Distance of the first and the last waiting message of a queue before pulling pauses; not in order. Default: 2000. */
  consumeConcurrentlyMaxSpan: number;
  /** Further attempts before a message goes to the dead-letter queue: 1 is two calls. Default: -1, which is 16, and unlimited in order. */
  maxReconsumeTimes: number;
  /** Milliseconds between attempts in order, 10 to 30,000. Default: 1000. */
  suspendCurrentQueueTimeMillis: number;
  /**
   * Minutes that a call may take. Then its `signal` is aborted, its message comes again, and what becomes of the call does not count; in
   * order the queue waits for the call, and it counts. Default: 15.
   */
  consumeTimeout: number;
  /** Milliseconds that a shutdown waits for running listeners. Default: 0. */
  awaitTerminationMillisWhenShutdown: number;
  /** Whether messages are handled in the order of their queue. */
  consumeOrderly: boolean;
  /** Send a record of every delivery to the trace topic, in the background. Default: false. */
  enableMsgTrace: boolean;
  /** Topic of these records. Default: `RMQ_SYS_TRACE_TOPIC`. */
  customizedTraceTopic: string | undefined;
  /**
   * Whether the members of the group share the queues out themselves. With `false` the broker does, and says for each topic whether
   * to pull or to pop (`setMessageRequestMode` of `RocketMQAdmin` and `MQAdminImpl`). Not in order, and not for `BROADCASTING`. Default: true.
   */
  clientRebalance: boolean;
  /** Most messages of one pop, 1 to 32. Default: 32. */
  popBatchNums: number;
  /** Milliseconds that a listener has for a popped message, 5000 to 300,000; then it comes again. Default: 60,000. */
  popInvisibleTime: number;
  /** Popped messages that are not done before popping pauses, 1 to 65,535. Default: 96. */
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
