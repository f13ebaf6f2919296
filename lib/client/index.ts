export { systemClock, type Clock } from '../common/clock.js';
export type { Logger } from '../common/logger.js';
export { Message } from '../common/message.js';
export type { SessionCredentials } from '../remoting/acl/session-credentials.js';
export type { RocketMQTlsOptions } from '../remoting/tls/client-tls.js';
export { TcpTransport, type TcpTransportOptions } from '../remoting/transport/tcp-transport.js';
export type { Transport } from '../remoting/transport/transport.js';
export { allocateMessageQueueByConfig } from './allocate/allocate-message-queue-by-config.js';
export { allocateMessageQueueByMachineRoom } from './allocate/allocate-message-queue-by-machine-room.js';
export { allocateMessageQueueConsistentHash } from './allocate/allocate-message-queue-consistent-hash.js';
export type { AllocateMessageQueueStrategy } from '../common/allocate/allocate-message-queue-strategy.js';
export { DefaultLitePullConsumer, type MessageQueueListener } from './consumer/default-lite-pull-consumer.js';
export type { LitePullConsumerConfig } from './consumer/lite-pull-consumer-config.js';
export { MQAdminImpl, type QueryOptions, type QueuePart } from './mq-admin-impl.js';
export { DefaultMQPushConsumer, type MessageListener } from './consumer/default-mq-push-consumer.js';
export type { ConsumerConfig } from './consumer/consumer-config.js';
export type { RateLimit } from './consumer/rate-window.js';
export { MessageSelector } from './consumer/message-selector.js';
export type {
  ConsumeConcurrentlyContext,
  ConsumeConcurrentlyStatus,
  ConsumeOrderlyContext,
  ConsumeOrderlyStatus,
  MessageListenerConcurrently,
  MessageListenerOrderly,
} from './consumer/message-listener.js';
export type { ClientConfig } from './client-config.js';
export type { ConnectionStatus } from './connection-table.js';
export { MQClientInstance, type MQClientOptions } from './mq-client-instance.js';
export type { OffsetStore } from './offset/offset-store.js';
export { createReplyMessage, isRequest } from './producer/message-util.js';
export { DefaultMQProducer, type SendOptions } from './producer/default-mq-producer.js';
export { selectMessageQueueByHash, type MessageQueueSelector } from './producer/message-queue-selector.js';
export { queryMessageTrace } from './trace/query-message-trace.js';
export type { MessageTrace } from './trace/trace-data-encoder.js';
export type { ProducerConfig } from './producer/producer-config.js';
export type { SendResult, SendStatus } from './producer/send-result.js';
export type {
  LocalTransactionState,
  TransactionListener,
  TransactionSendResult,
} from './producer/transaction-listener.js';
export { TransactionMQProducer } from './producer/transaction-mq-producer.js';
