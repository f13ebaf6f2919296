import type { MessageExt } from '../common/message-ext.js';
import type { RocketMQOutcome } from '../listener/outcome.js';

/**
 * Decides what becomes of messages whose listener failed: the provider that the option `errorHandler` names.
 *
 * @publicApi
 */
export interface RocketMQErrorHandler {
  /**
   * Returning nothing leaves it to the rules of the listener; so does throwing, and then its error takes the place of the
   * listener's.
   *
   * @param error what the listener threw, or MessageConversionError when its payload could not be read.
   */
  handleError(error: unknown, message: MessageExt): RocketMQOutcome | void | Promise<RocketMQOutcome | void>;
}
