import { applyDecorators, SetMetadata } from '@nestjs/common';
import type { RocketMQTransactionListenerOptions } from '../interfaces/transaction-listener.interface.js';
import { ROCKETMQ_TRANSACTION_LISTENER_METADATA } from '../rocketmq.constants.js';
import { ofThisCopy } from './this-copy.js';

/**
 * Makes a {@link RocketMQLocalTransactionListener} carry out and check the transactions of some topics, or of all. There may be
 * several of them: the name of its listener travels with a message.
 *
 * @publicApi
 */
export function RocketMQTransactionListener(
  options: RocketMQTransactionListenerOptions = {},
): ClassDecorator {
  return applyDecorators(SetMetadata(ROCKETMQ_TRANSACTION_LISTENER_METADATA, options), ofThisCopy);
}
