import { RocketMQError } from './rocketmq.error.js';

/**
 * Thrown by the work of a transaction that cannot tell whether it took effect, as when a database does not answer a commit:
 * the message is neither delivered nor taken back before the listener's `checkLocalTransaction` has said which.
 */
export class TransactionUnknownError extends RocketMQError {
  constructor(message: string, cause?: unknown) {
    super('TRANSACTION_UNKNOWN', message, { cause });
  }
}
