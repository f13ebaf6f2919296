import { RocketMQError, type RocketMQErrorOptions } from './rocketmq.error.js';

/** No answer within the timeout. The request may or may not have been carried out. */
export class RemotingTimeoutError extends RocketMQError {
  constructor(
    message: string,
    readonly timeoutMillis: number,
    options: Pick<RocketMQErrorOptions, 'topic' | 'broker'> = {},
  ) {
    super('TIMEOUT', message, { ...options, retryable: true });
  }
}
