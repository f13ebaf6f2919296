/**
 * How a local transaction ended (RocketMQLocalTransactionState of rocketmq-spring).
 *
 * @publicApi
 */
export const RocketMQLocalTransactionState = {
  /** Consumers get the message. */
  COMMIT: 'COMMIT',
  /** Nobody gets the message. */
  ROLLBACK: 'ROLLBACK',
  /** Not known yet: the broker asks later. */
  UNKNOWN: 'UNKNOWN',
} as const;

export type RocketMQLocalTransactionState =
  (typeof RocketMQLocalTransactionState)[keyof typeof RocketMQLocalTransactionState];
