import { RocketMQError } from './rocketmq.error.js';

/** Of messages that were sent in several batches the first ones are stored, and those behind them are not. `cause` says why. */
export class PartialBatchError extends RocketMQError {
  constructor(
    /** How many of the messages are stored: the first of them. When `cause` is a timeout, there may be more. */
    readonly stored: number,
    total: number,
    cause: unknown,
  ) {
    const { message, responseCode, retryable, topic, broker } = (cause ?? {}) as RocketMQError;
    super(
      'PARTIAL_BATCH',
      `The first ${stored} of ${total} messages are stored, those behind them not: ${message}`,
      {
        cause,
        responseCode,
        retryable,
        topic,
        broker,
      },
    );
  }
}
