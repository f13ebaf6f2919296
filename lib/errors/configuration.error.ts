import { RocketMQError } from './rocketmq.error.js';

/** A wrong option, name or combination of them, found before anything starts. The message says what to change. */
export class ConfigurationError extends RocketMQError {
  constructor(message: string, cause?: unknown) {
    super('CONFIGURATION', message, { cause });
  }
}
