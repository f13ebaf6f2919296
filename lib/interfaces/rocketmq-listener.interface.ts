import type { RocketMQOutcome } from '../listener/outcome.js';

/**
 * Handles the messages of a class with {@link RocketMQMessageListener}.
 *
 * @publicApi
 */
export interface RocketMQListener<T = unknown> {
  /**
   * Returning, or resolving, means consumed; throwing, or rejecting, means that the message comes again. A
   * {@link RocketMQOutcome} says it in words.
   */
  onMessage(message: T): void | RocketMQOutcome | Promise<void | RocketMQOutcome>;
}
