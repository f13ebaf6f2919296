/**
 * Handles the messages of a class with {@link RocketMQMessageListener}.
 *
 * @publicApi
 */
export interface RocketMQListener<T = unknown> {
  /** Returning, or resolving, means consumed; throwing, or rejecting, means that the message comes again. */
  onMessage(message: T): void | Promise<void>;
}
