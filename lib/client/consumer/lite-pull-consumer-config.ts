import { bool, integer, type OptionRules } from '../../common/option-rules.js';
import { consumerRules, type ConsumerConfig } from './consumer-config.js';

/** How a lite pull consumer works; names, units and defaults are those of DefaultLitePullConsumer. */
export interface LitePullConsumerConfig extends Pick<
  ConsumerConfig,
  | 'consumerGroup'
  | 'messageModel'
  | 'consumeFromWhere'
  | 'consumeTimestamp'
  | 'allocateMessageQueueStrategy'
  | 'pullThresholdForQueue'
  | 'pullThresholdSizeForQueue'
> {
  /** Most messages of one pull, and of one poll that does not say otherwise. Default: 10. */
  pullBatchSize: number;
  /** Commit with a poll what polls before it returned. Default: true. */
  autoCommit: boolean;
  /** Milliseconds between these commits, at least 1000. Default: 5000. */
  autoCommitIntervalMillis: number;
  /** Milliseconds that a poll waits for messages. Default: 5000. */
  pollTimeoutMillis: number;
  /** Messages of all queues that are not paused, which wait to be fetched before pulling pauses. Default: 10,000. */
  pullThresholdForAll: number;
  /** Distance between the first and the last waiting message of a queue before pulling pauses. Default: 2000. */
  consumeMaxSpan: number;
}

export const litePullConsumerRules: OptionRules<LitePullConsumerConfig> = {
  consumerGroup: consumerRules.consumerGroup,
  messageModel: consumerRules.messageModel,
  consumeFromWhere: consumerRules.consumeFromWhere,
  consumeTimestamp: consumerRules.consumeTimestamp,
  allocateMessageQueueStrategy: consumerRules.allocateMessageQueueStrategy,
  pullThresholdForQueue: consumerRules.pullThresholdForQueue,
  pullThresholdSizeForQueue: consumerRules.pullThresholdSizeForQueue,
  pullBatchSize: { ...consumerRules.pullBatchSize, default: 10 },
  pullThresholdForAll: integer(10_000, 1, 1_000_000),
  consumeMaxSpan: integer(2000, 1, 65_535),
  autoCommit: bool(true),
  autoCommitIntervalMillis: integer(5000, 1000),
  pollTimeoutMillis: integer(5000, 0),
};
