import type { Message } from '../common/message.js';
import type { RocketMQMessageType } from './message-listener-options.interface.js';

/**
 * A body, and the MIME type that travels with it as property `contentType`.
 *
 * @publicApi
 */
export interface RocketMQConvertedPayload {
  readonly body: Uint8Array;
  readonly contentType: string;
}

/**
 * Converts payloads in its own way: a provider that the option `messageConverter` of the module, or of a listener, names. What it
 * returns `undefined` for is converted as without it, so it may look at the content type, the payload or the type alone.
 *
 * @publicApi
 */
export interface RocketMQMessageConverter {
  /**
   * A payload as a body.
   *
   * @param contentType the header of the message, if it has one.
   * @throws anything: the send, or the reply, fails with MessageConversionError.
   */
  toBody?(payload: unknown, contentType: string | undefined): RocketMQConvertedPayload | undefined;
  /**
   * What a listener, `receive` or `sendAndReceive` gets of a message.
   *
   * @param type the `messageType`, or `type`, if there is one; never `MessageExt`.
   * @throws MessageConversionError for what can never be read: the message goes to the dead-letter queue. Other errors are failed
   * attempts.
   */
  fromBody?(message: Message, type: RocketMQMessageType | undefined): unknown;
}
