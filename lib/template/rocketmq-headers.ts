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
} as const;
