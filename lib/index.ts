export type { Clock } from './common/clock.js';
export { Message } from './common/message.js';
export { MessageExt } from './common/message-ext.js';
export type { MessageQueue } from './common/message-queue.js';
export type { LocalTransactionState, SendResult, SendStatus, TransactionSendResult } from './client/index.js';
export {
  selectMessageQueueByHash,
  type MessageQueueSelector,
  allocateMessageQueueByConfig,
  allocateMessageQueueByMachineRoom,
  allocateMessageQueueConsistentHash,
  type AllocateMessageQueueStrategy,
  type OffsetStore,
  type RateLimit,
} from './client/index.js';
export { Idempotent } from './decorators/idempotent.decorator.js';
export { RocketMQAttempt, RocketMQHeader, RocketMQKeys } from './decorators/message-params.decorator.js';
export { RocketMQDeadLetterListener } from './decorators/rocketmq-dead-letter-listener.decorator.js';
export { RocketMQMessageListener } from './decorators/rocketmq-message-listener.decorator.js';
export { RocketMQReplyListener } from './decorators/rocketmq-reply-listener.decorator.js';
export { RocketMQTransactionListener } from './decorators/rocketmq-transaction-listener.decorator.js';
export type { EngineOptions } from './engine/index.js';
export {
  ConfigurationError,
  MessageConversionError,
  MQBrokerError,
  MQClientError,
  PartialBatchError,
  RemotingCodecError,
  RemotingTimeoutError,
  RequestTimeoutError,
  RocketMQError,
  RocketMQRemoteError,
  StoreError,
  StoreLockedError,
  TransactionUnknownError,
} from './errors/index.js';
export type { RocketMQConsumerOptions } from './interfaces/consumer-options.interface.js';
export type {
  RocketMQBatchOptions,
  RocketMQDelayLevels,
  RocketMQLocalRetryOptions,
  RocketMQMessageListenerOptions,
  RocketMQMessageType,
  RocketMQTopicSelection,
} from './interfaces/message-listener-options.interface.js';
export type {
  RocketMQListenerEnhancer,
  RocketMQListenerTarget,
} from './interfaces/listener-enhancer.interface.js';
export type {
  RocketMQIdempotencyAnswer,
  RocketMQIdempotencyStore,
  RocketMQIdempotentOptions,
} from './interfaces/idempotency.interface.js';
export { MemoryIdempotencyStore } from './idempotency/memory-idempotency-store.js';
export type {
  RocketMQConvertedPayload,
  RocketMQMessageConverter,
} from './interfaces/message-converter.interface.js';
export type {
  RocketMQConsumerSettings,
  RocketMQPushConsumerLifecycleListener,
} from './interfaces/push-consumer-lifecycle-listener.interface.js';
export type { RocketMQProducerOptions } from './interfaces/producer-options.interface.js';
export type { RocketMQErrorHandler } from './interfaces/rocketmq-error-handler.interface.js';
export type {
  RocketMQListenerHandle,
  RocketMQListenerState,
  RocketMQOffsetReset,
} from './interfaces/listener-handle.interface.js';
export type { RocketMQListener, RocketMQListenerContext } from './interfaces/rocketmq-listener.interface.js';
export type {
  RocketMQModuleOptions,
  RocketMQOptionsFactory,
  RocketMQStartup,
} from './interfaces/rocketmq-module-options.interface.js';
export type { RocketMQTlsOptions } from './remoting/tls/client-tls.js';
export type {
  RocketMQPayloadOf,
  RocketMQRequestCallback,
  RocketMQRequestOptions,
  RocketMQRequestPosition,
} from './interfaces/request-options.interface.js';
export type {
  RocketMQSendCall,
  RocketMQSendInterceptor,
  RocketMQSendOutcome,
} from './interfaces/send-interceptor.interface.js';
export type { RocketMQSendCallback, RocketMQSendOptions } from './interfaces/send-options.interface.js';
export { RocketMQListenerRegistry } from './listener/rocketmq-listener-registry.js';
export { Ack, DeadLetter, Retry, RocketMQOutcome, type RocketMQRetryOptions } from './listener/outcome.js';
export { PullBatch, PullConsumer } from './receiving/pull-consumer.js';
export { RocketMQAdmin } from './receiving/rocketmq-admin.js';
export type {
  RocketMQBrowseOptions,
  RocketMQQueueRange,
  RocketMQResendOptions,
  RocketMQResendRangeOptions,
} from './interfaces/admin-options.interface.js';
export { RocketMQPullConsumers } from './receiving/rocketmq-pull-consumers.js';
export type {
  RocketMQPullConsumerOptions,
  RocketMQReceiveOptions,
} from './interfaces/pull-consumer-options.interface.js';
export type {
  RocketMQLocalTransactionListener,
  RocketMQTransactionListenerOptions,
  RocketMQTransactionOptions,
  RocketMQTransactionResult,
} from './interfaces/transaction-listener.interface.js';
export { RocketMQConnections, type RocketMQConnectionStatus } from './rocketmq.connections.js';
export { ROCKETMQ_CONTEXT_TYPE } from './rocketmq.constants.js';
export { RocketMQModule } from './rocketmq.module.js';
export { ROCKETMQ_MODULE_OPTIONS } from './rocketmq.module-definition.js';
export { ROCKETMQ_CLOCK } from './rocketmq.tokens.js';
export { GenericMessage, MessageBuilder } from './template/message-builder.js';
export { RocketMQLocalTransactionState } from './template/local-transaction-state.js';
export { RocketMQHeaders } from './template/rocketmq-headers.js';
export { RocketMQTemplate } from './template/rocketmq-template.js';
