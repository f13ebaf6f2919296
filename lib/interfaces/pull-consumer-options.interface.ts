import type { LitePullConsumerConfig } from '../client/index.js';

/**
 * Options of a consumer that fetches messages itself, by the names of rocketmq-spring (`rocketmq.pull-consumer.*`) and of
 * DefaultLitePullConsumer.
 *
 * @publicApi
 */
export interface RocketMQPullConsumerOptions {
  /** Consumer group. */
  group: string;
  /**
   * Name servers of another cluster than the module's, as `host:port`, several with `;` between them or as an array; reached over TCP
   * with the `tls`, user and namespace of the module's listeners. Default: the cluster, or the engine, of the module.
   */
  nameServer?: string | readonly string[] | undefined;
  /** Shares the queues of this topic with the other members of the group. Without it queues are assigned. */
  topic?: string | undefined;
  /** Tags with `||` between them. Default: `*`, all messages. */
  selectorExpression?: string | undefined;
  /** Whether the members of the group share the messages or each gets all. Default: `CLUSTERING`. */
  messageModel?: LitePullConsumerConfig['messageModel'] | undefined;
  /** Where a group begins that has no offset yet. Default: `CONSUME_FROM_LAST_OFFSET`. */
  consumeFromWhere?: LitePullConsumerConfig['consumeFromWhere'] | undefined;
  /** For `CONSUME_FROM_TIMESTAMP`, milliseconds since the epoch. Default: half an hour before the start. */
  consumeTimestamp?: number | undefined;
  /** How queues are divided among the members of the group. Default: `AVG`. */
  allocateMessageQueueStrategy?: LitePullConsumerConfig['allocateMessageQueueStrategy'] | undefined;
  /** Most messages of one pull, and of one poll that does not say otherwise. Default: 10. */
  pullBatchSize?: number | undefined;
  /** Commit with a poll what polls before it returned. Default: true. */
  autoCommit?: boolean | undefined;
  /** Milliseconds between these commits, at least 1000. Default: 5000. */
  autoCommitIntervalMillis?: number | undefined;
  /** Milliseconds that a poll waits for messages. Default: 5000. */
  pollTimeoutMillis?: number | undefined;
  /** Messages, and MiB, of a queue that wait to be fetched before pulling pauses. Default: 1000, 100. */
  pullThresholdForQueue?: number | undefined;
  pullThresholdSizeForQueue?: number | undefined;
  /** Messages of all queues that wait to be fetched before pulling pauses. Default: 10,000. */
  pullThresholdForAll?: number | undefined;
  /** Distance between the first and the last waiting message of a queue before pulling pauses. Default: 2000. */
  consumeMaxSpan?: number | undefined;
}

/**
 * Options of `receive` of {@link RocketMQTemplate}.
 *
 * @publicApi
 */
export interface RocketMQReceiveOptions {
  /** Milliseconds to wait for messages. Default: `pollTimeoutMillis` of the consumer. */
  timeout?: number | undefined;
  /** Most messages. Default: `pullBatchSize` of the consumer. */
  max?: number | undefined;
  /** Ends the waiting with its reason. */
  signal?: AbortSignal | undefined;
}
