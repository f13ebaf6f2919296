import { Injectable } from '@nestjs/common';
import { RocketMQMessageListener, type RocketMQListener } from 'nestjs-rocketmq';
import { OrderJournal } from '../orders/order-journal.js';
import { OrderReference } from '../orders/order.js';
import { Topics } from '../topics.js';

/** Lesson: delay. The message was sent when the order was placed, and comes when its payment is overdue. */
@Injectable()
@RocketMQMessageListener({ topic: Topics.ORDER_TIMEOUTS, messageType: OrderReference })
export class UnpaidOrderListener implements RocketMQListener<OrderReference> {
  constructor(private readonly journal: OrderJournal) {}

  onMessage({ id }: OrderReference): void {
    if (!this.journal.has(id, 'paid')) this.journal.add(id, 'closed: not paid in time');
  }
}
