import type { SendResult } from '../client/index.js';
import type { MessageExt } from '../common/message-ext.js';
import type { Message } from '../common/message.js';

/**
 * A send of {@link RocketMQTemplate}, on its way through the interceptors.
 *
 * @publicApi
 */
export interface RocketMQSendCall {
  /** Which send: one that waits, an asynchronous or one-way one, a batch, a request, or the first part of a transaction. */
  readonly kind: 'SYNC' | 'ASYNC' | 'ONEWAY' | 'BATCH' | 'REQUEST' | 'TRANSACTION';
  /** What is sent, to be altered in place: one message, or those of a batch. */
  readonly messages: readonly Message[];
  /** The key of an ordered send. */
  readonly hashKey: string | undefined;
}

/**
 * What became of a send: its result, the reply to a request, `undefined` of a one-way send.
 *
 * @publicApi
 */
export type RocketMQSendOutcome = SendResult | MessageExt | undefined;

/**
 * Stands around sends: a provider that the producer's option `sendInterceptors` names.
 *
 * @publicApi
 */
export interface RocketMQSendInterceptor {
  /**
   * Calls `next` to send. To throw before is to refuse the send: nothing is stored, and the sender gets the error. What is returned does not
   * count: the sender gets the outcome of `next`, of the last if it was called again, or what is thrown behind it.
   */
  intercept(call: RocketMQSendCall, next: () => Promise<RocketMQSendOutcome>): unknown;
}
