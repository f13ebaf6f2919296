import { RocketMQError, type RocketMQErrorOptions } from './rocketmq.error.js';

/**
 * The client refused or could not do a call: an illegal message, no route, a consumer that is not running. Where a connection
 * was lost before the answer came, the request may or may not have been carried out.
 */
export class MQClientError extends RocketMQError {
  constructor(message: string, options?: RocketMQErrorOptions) {
    super('CLIENT', message, options);
  }
}
