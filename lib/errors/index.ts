export { ConfigurationError } from './configuration.error.js';
export { MessageConversionError } from './message-conversion.error.js';
export { MQBrokerError } from './mq-broker.error.js';
export { MQClientError } from './mq-client.error.js';
export { RemotingCodecError } from './remoting-codec.error.js';
export { RemotingTimeoutError } from './remoting-timeout.error.js';
export { RocketMQError, type RocketMQErrorOptions } from './rocketmq.error.js';
export { TransactionUnknownError } from './transaction-unknown.error.js';
export { StoreError, StoreLockedError } from './store.error.js';
