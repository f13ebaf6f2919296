import { Injectable } from '@nestjs/common';
import {
  RocketMQLocalTransactionState,
  RocketMQTransactionListener,
  type GenericMessage,
  type RocketMQLocalTransactionListener,
} from 'nestjs-rocketmq';
import type { OrderReference } from '../orders/order.js';
import { PaymentStore } from '../orders/payment-store.js';
import { Topics } from '../topics.js';

/** Lesson: a row of a database and a message, both or neither of them. */
@Injectable()
@RocketMQTransactionListener({ name: 'payments', topics: [Topics.ORDERS] })
export class PaymentTransactions implements RocketMQLocalTransactionListener<OrderReference> {
  constructor(private readonly payments: PaymentStore) {}

  /** Who pays twice has paid once, and there is one message of it. */
  executeLocalTransaction({ payload }: GenericMessage<OrderReference>): RocketMQLocalTransactionState {
    const isNew = this.payments.add(payload.id);
    return isNew ? RocketMQLocalTransactionState.COMMIT : RocketMQLocalTransactionState.ROLLBACK;
  }

  /** Asked when a process was killed between the row and its word to the broker. */
  checkLocalTransaction({ payload }: GenericMessage<OrderReference>): RocketMQLocalTransactionState {
    return this.payments.has(payload.id)
      ? RocketMQLocalTransactionState.COMMIT
      : RocketMQLocalTransactionState.UNKNOWN;
  }
}
