import type { InjectionToken } from '@nestjs/common';
import type { TransactionSendResult } from '../client/index.js';
import type { RocketMQLocalTransactionState } from '../template/local-transaction-state.js';
import type { GenericMessage } from '../template/message-builder.js';
import type { RocketMQSendOptions } from './send-options.interface.js';

/**
 * Options of {@link RocketMQTransactionListener}.
 *
 * @publicApi
 */
export interface RocketMQTransactionListenerOptions {
  /**
   * Travels with each message, so that every process of the producer group finds the listener again. Give it another one than
   * the default if the class may be renamed. Default: the name of the class.
   */
  name?: string | undefined;
  /** The topics whose transactions are this listener's. Default: those of which no other listener has them. */
  topics?: readonly string[] | undefined;
  /** The template whose transactions are this listener's: there is one, so it may be left out. */
  template?: InjectionToken | undefined;
}

/**
 * A class with {@link RocketMQTransactionListener} (RocketMQLocalTransactionListener of rocketmq-spring). The payload is read by the
 * content type of the message; headers are those of rocketmq-spring, with the prefix `rocketmq_` for what RocketMQ sets.
 *
 * @publicApi
 */
export interface RocketMQLocalTransactionListener<T = unknown, A = unknown> {
  /**
   * Carries out the local transaction, when its message is stored and before anybody sees it. An error means `UNKNOWN`. Only
   * `sendMessageInTransaction` needs it.
   */
  executeLocalTransaction?(
    message: GenericMessage<T>,
    arg: A,
  ): RocketMQLocalTransactionState | Promise<RocketMQLocalTransactionState>;
  /**
   * Says how a local transaction ended of which the broker was not told, perhaps one of another process. `UNKNOWN`, or an
   * error, means that the broker asks again.
   */
  checkLocalTransaction(
    message: GenericMessage<T>,
  ): RocketMQLocalTransactionState | Promise<RocketMQLocalTransactionState>;
}

/**
 * Options of a send in a transaction.
 *
 * @publicApi
 */
export interface RocketMQTransactionOptions extends Omit<
  RocketMQSendOptions,
  'delayLevel' | 'delay' | 'deliverAt'
> {
  /** Name of the listener. Default: that of the topic, else the one without topics. */
  listener?: string | undefined;
}

/**
 * How a transaction ended, and what its work returned.
 *
 * @publicApi
 */
export interface RocketMQTransactionResult<T> extends TransactionSendResult {
  readonly value: T;
}
