/** Key of the metadata that {@link RocketMQMessageListener} sets. */
export const ROCKETMQ_LISTENER_METADATA = 'rocketmq:listener_metadata';

/** Type of the execution context in guards, interceptors and filters of listeners. */
export const ROCKETMQ_CONTEXT_TYPE = 'rocketmq';
