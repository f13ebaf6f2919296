import type { LitePullConsumerConfig } from '../client/index.js';
import type { Given } from '../common/option-rules.js';

/**
 * Options of a consumer that fetches messages itself, by the names of rocketmq-spring (`rocketmq.pull-consumer.*`) and of
 * DefaultLitePullConsumer.
 *
 * @publicApi
 */
export interface RocketMQPullConsumerOptions extends Given<Omit<LitePullConsumerConfig, 'consumerGroup'>> {
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
