import { RocketMQError } from './rocketmq.error.js';

/** Bytes of a peer that are no frame, or a frame that does not say what its code requires. */
export class RemotingCodecError extends RocketMQError {
  constructor(message: string, cause?: unknown) {
    super('CODEC', message, { cause });
  }
}
