import type { RocketMQMessageListenerOptions } from '../interfaces/message-listener-options.interface.js';

/** Options that belong to the consumer, and so to all listeners of a group. */
export const GROUP_OPTIONS = [
  'messageModel',
  'consumeMode',
  'consumeThreadNumber',
  'autoStart',
  'maxReconsumeTimes',
  'consumeMessageBatchMaxSize',
  'rateLimit',
  'suspendCurrentQueueTimeMillis',
  'consumeTimeout',
  'awaitTerminationMillisWhenShutdown',
  'consumeFromWhere',
  'consumeTimestamp',
  'allocateMessageQueueStrategy',
  'offsetStore',
  'pullBatchSize',
  'pullInterval',
  'enableMsgTrace',
  'customizedTraceTopic',
  'pullThresholdForQueue',
  'pullThresholdSizeForQueue',
  'pullThresholdForTopic',
  'pullThresholdSizeForTopic',
  'consumeConcurrentlyMaxSpan',
  'clientRebalance',
  'popBatchNums',
  'popInvisibleTime',
  'popThresholdForQueue',
] as const satisfies readonly (keyof RocketMQMessageListenerOptions)[];

export type GroupOptions = Partial<Pick<RocketMQMessageListenerOptions, (typeof GROUP_OPTIONS)[number]>>;
