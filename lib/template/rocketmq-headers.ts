/**
 * Headers with a meaning (RocketMQHeaders of rocketmq-spring). Every other header becomes a property of the application.
 *
 * @publicApi
 */
export const RocketMQHeaders = {
  /** Keys by which the message can be found: one, or an array. */
  KEYS: 'KEYS',
  /** Integer flag of the message. */
  FLAG: 'FLAG',
  /** `false`: the broker answers without waiting for the flush. */
  WAIT_STORE_MSG_OK: 'WAIT_STORE_MSG_OK',
  /** A MIME type; decides how listeners without a `messageType` read the payload. */
  CONTENT_TYPE: 'contentType',
  /** Before the names of what RocketMQ itself sets, in the messages of transaction listeners. */
  PREFIX: 'rocketmq_',
  TOPIC: 'TOPIC',
  TAGS: 'TAGS',
  TRANSACTION_ID: 'TRANSACTION_ID',
  MESSAGE_ID: 'MESSAGE_ID',
  BORN_TIMESTAMP: 'BORN_TIMESTAMP',
  BORN_HOST: 'BORN_HOST',
  QUEUE_ID: 'QUEUE_ID',
  SYS_FLAG: 'SYS_FLAG',
} as const;
