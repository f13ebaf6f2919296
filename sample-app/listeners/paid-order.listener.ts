import { Injectable } from '@nestjs/common';
import { Idempotent, RocketMQMessageListener, type RocketMQListener } from 'nestjs-rocketmq';
import { OrderJournal } from '../orders/order-journal.js';
import { OrderReference } from '../orders/order.js';
import { Topics } from '../topics.js';

/**
 * Lesson: the short form of the decorator, a second tag of the same topic, and an order that is handled once: what comes again, after a
 * crash or a rebalance, is left out.
 */
@Injectable()
@RocketMQMessageListener(Topics.ORDERS, { selectorExpression: 'paid', messageType: OrderReference })
@Idempotent({ key: ({ id }: OrderReference) => id, lease: '30s' })
export class PaidOrderListener implements RocketMQListener<OrderReference> {
  constructor(private readonly journal: OrderJournal) {}

  onMessage({ id }: OrderReference): void {
    this.journal.add(id, 'paid');
  }
}
