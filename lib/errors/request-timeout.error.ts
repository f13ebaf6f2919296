import { RocketMQError } from './rocketmq.error.js';

/** The request was sent, but no reply came within the timeout; it may have been handled all the same (code 10006). */
export class RequestTimeoutError extends RocketMQError {
  constructor(
    message: string,
    readonly timeoutMillis: number,
  ) {
    super('REQUEST_TIMEOUT', message, { responseCode: 10006, retryable: true });
  }
}
