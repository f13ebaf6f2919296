import type { MessageQueueSelector, SendResult } from '../client/index.js';

/**
 * Options of a send of {@link RocketMQTemplate}.
 *
 * @publicApi
 */
export interface RocketMQSendOptions {
  /**
   * Milliseconds for all attempts together; name servers that are asked for a route before may take longer. Without effect on one-way
   * sends. Default: the producer's `sendMessageTimeout`.
   */
  timeout?: number | undefined;
  /** Deliver later: 1 (1 s) to 18 (2 h). */
  delayLevel?: number | undefined;
  /**
   * Deliver so much later: milliseconds, or text such as `'90s'`, `'10m'`, `'2h'`, `'1d'`, `'1h30m'`. The broker delivers at
   * whole seconds, and takes up to three days (`timerMaxDelaySec`). Not together with `delayLevel` or `deliverAt`.
   */
  delay?: number | string | undefined;
  /** Deliver at this time: a `Date` or milliseconds since the epoch; one that is over is no delay. */
  deliverAt?: Date | number | undefined;
  /** Keys by which the message can be found. */
  keys?: string | readonly string[] | undefined;
  /** Wins over the tag of the destination. */
  tag?: string | undefined;
  /** Integer of the application that travels with the message. Default: 0. */
  flag?: number | undefined;
  /** `false`: the broker answers without waiting for the flush. Default: true. */
  waitStoreMsgOK?: boolean | undefined;
  /** Properties of the application. */
  properties?: Readonly<Record<string, string>> | undefined;
  /** Messages with the same key go to the same queue. The send is not tried again. */
  hashKey?: string | undefined;
  /**
   * Chooses the queue, with {@link hashKey} (or an empty text) as third argument; wins over the producer's `queueSelector`. The send is not
   * tried again.
   */
  queueSelector?: MessageQueueSelector | undefined;
  /** Ends the waiting with its reason, and further attempts; what was sent already may be stored all the same. */
  signal?: AbortSignal | undefined;
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
