import { RocketMQError } from './rocketmq.error.js';

/** A payload cannot be turned into a body, or a body into what its listener wants. */
export class MessageConversionError extends RocketMQError {
  constructor(message: string, cause?: unknown) {
    super('CONVERSION', message, { cause });
  }
}
