import type { MessageExt } from '../common/message-ext.js';
import type { RocketMQOutcome } from '../listener/outcome.js';

/**
 * What a listener is told about a call of it, as the third argument.
 *
 * @publicApi
 */
export interface RocketMQListenerContext {
  /**
   * Aborted when the call has run for `consumeTimeout`, of a popped message `popInvisibleTime`, and when the application ends and waits no longer
   * (`awaitTerminationMillisWhenShutdown`): the message comes again, and what the call returns or throws does not count. In order it
   * still counts after `consumeTimeout`, since the queue waits for it. With a batch: when that is so of all its messages.
   */
  readonly signal: AbortSignal;
}

/** Of a message, or of each message of a batch. */
type Outcomes = RocketMQOutcome | readonly (RocketMQOutcome | undefined)[];

/**
 * Handles the messages of a class with {@link RocketMQMessageListener}.
 *
 * @publicApi
 */
export interface RocketMQListener<T = unknown> {
  /**
   * Returning, or resolving, means consumed; throwing, or rejecting, means that the message comes again. A
   * {@link RocketMQOutcome} says it in words. With a batch payload and message are arrays.
   */
  onMessage(
    payload: T,
    message: MessageExt | readonly MessageExt[],
    context: RocketMQListenerContext,
  ): void | Outcomes | Promise<void | Outcomes>;
}
