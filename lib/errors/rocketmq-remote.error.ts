import { RocketMQError } from './rocketmq.error.js';

/** The listener that was to reply failed, and said so (its option `replyErrors`). */
export class RocketMQRemoteError extends RocketMQError {
  constructor(
    /** Name of the error that it threw. */
    readonly remoteName: string,
    message: string,
  ) {
    super('REMOTE', message);
  }
}
