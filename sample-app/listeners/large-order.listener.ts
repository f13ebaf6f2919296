import { Injectable } from '@nestjs/common';
import { RocketMQMessageListener, type RocketMQListener } from 'nestjs-rocketmq';
import { OrderJournal } from '../orders/order-journal.js';
import { OrderReference } from '../orders/order.js';
import { Topics } from '../topics.js';

/** Lesson: selection by properties. The broker looks at them; other orders are not even sent here. */
@Injectable()
@RocketMQMessageListener({
  topic: Topics.ORDERS,
  selectorType: 'SQL92',
  selectorExpression: "TAGS = 'placed' AND quantity BETWEEN 100 AND 1000",
  messageType: OrderReference,
})
export class LargeOrderListener implements RocketMQListener<OrderReference> {
  constructor(private readonly journal: OrderJournal) {}

  onMessage({ id }: OrderReference): void {
    this.journal.add(id, 'large order');
  }
}
