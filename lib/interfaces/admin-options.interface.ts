import type { MessageExt } from '../common/message-ext.js';
import type { MessageQueue } from '../common/message-queue.js';

/**
 * Which messages of a topic `RocketMQAdmin.browse`, `deadLetters` and `queryByKey` show.
 *
 * @publicApi
 */
export interface RocketMQBrowseOptions {
  /** Stored at this time or later. Default: from the first message on. */
  from?: Date | number | undefined;
  /** Stored before this time. Default: up to the last message that is there when browsing begins. */
  to?: Date | number | undefined;
  /** Most messages. Default: 100; of `queryByKey`, for each broker, 32, and at most 64. */
  max?: number | undefined;
  /** Only this queue. Default: all, one behind the other. */
  queue?: MessageQueue | undefined;
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
 * To whom dead messages are sent again.
 *
 * @publicApi
 */
export interface RocketMQResendOptions {
  /**
   * `TOPIC`: to the topic that they were sent to first, so that all its groups get them. `GROUP`: to the group that gave them up alone, as
   * one more attempt; not for groups that consume in order, whose brokers would make them dead again. Default: `TOPIC`.
   */
  target?: 'TOPIC' | 'GROUP' | undefined;
}

/**
 * Which dead messages `RocketMQAdmin.resendDeadLetters` sends again.
 *
 * @publicApi
 */
export interface RocketMQResendRangeOptions extends RocketMQResendOptions {
  /** That died at this time or later. Default: all that there are. */
  from?: Date | number | undefined;
  /** That died before this time. Default: before the call. */
  to?: Date | number | undefined;
  /** Most messages. Default: all. */
  max?: number | undefined;
  /** Only those for which it returns true, such as those with a certain property `DLQ_REASON`. */
  filter?: ((message: MessageExt) => boolean) | undefined;
}
