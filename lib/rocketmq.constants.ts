/** Key of the metadata that {@link RocketMQMessageListener} sets. */
export const ROCKETMQ_LISTENER_METADATA = 'rocketmq:listener_metadata';

/** Key of the metadata that tells pipes of the parameters of a listener. */
export const ROCKETMQ_ARGS_METADATA = 'rocketmq:args_metadata';

/** Key of the metadata that {@link Idempotent} sets. */
export const ROCKETMQ_IDEMPOTENT_METADATA = 'rocketmq:idempotent_metadata';

/** Type of the execution context in guards, interceptors and filters of listeners. */
export const ROCKETMQ_CONTEXT_TYPE = 'rocketmq';

/** Key of the metadata that {@link RocketMQTransactionListener} sets. */
export const ROCKETMQ_TRANSACTION_LISTENER_METADATA = 'rocketmq:transaction_listener_metadata';
