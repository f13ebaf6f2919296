import { Injectable } from '@nestjs/common';
import { RocketMQMessageListener, type RocketMQListener } from 'nestjs-rocketmq';
import { OrderJournal } from '../orders/order-journal.js';
import { OrderReference } from '../orders/order.js';
import { Topics } from '../topics.js';

/** Lesson: the short form of the decorator, and a second tag of the same topic. */
@Injectable()
@RocketMQMessageListener(Topics.ORDERS, { selectorExpression: 'paid', messageType: OrderReference })
export class PaidOrderListener implements RocketMQListener<OrderReference> {
  constructor(private readonly journal: OrderJournal) {}

  onMessage({ id }: OrderReference): void {
    this.journal.add(id, 'paid');
  }
}
