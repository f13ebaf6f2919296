import type { SendResult } from '../client/index.js';

/**
 * Options of a send of {@link RocketMQTemplate}.
 *
 * @publicApi
 */
export interface RocketMQSendOptions {
  /** Milliseconds for all attempts together. Default: the producer's `sendMessageTimeout`. */
  timeout?: number;
  /** Deliver later: 1 (1 s) to 18 (2 h). */
  delayLevel?: number;
  /** Keys by which the message can be found. */
  keys?: string | readonly string[];
  /** Wins over the tag of the destination. */
  tag?: string;
  /** Properties of the application. */
  properties?: Readonly<Record<string, string>>;
  /** Messages with the same key go to the same queue. */
  hashKey?: string;
}

/**
 * Is told how an asynchronous send ended.
 *
 * @publicApi
 */
export interface RocketMQSendCallback {
  onSuccess(result: SendResult): void;
  onException(error: Error): void;
}
