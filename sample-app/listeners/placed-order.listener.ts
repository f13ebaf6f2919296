import { Injectable } from '@nestjs/common';
import { RocketMQMessageListener, type RocketMQListener } from 'nestjs-rocketmq';
import { OrderJournal } from '../orders/order-journal.js';
import { OrderMessage } from '../orders/order.js';
import { Topics } from '../topics.js';

/** Lesson: a tag filter. Of the topic with all orders only those that were placed; validated before they come here. */
@Injectable()
@RocketMQMessageListener({
  topic: Topics.ORDERS,
  selectorExpression: 'placed',
  messageType: OrderMessage,
  validate: true,
})
export class PlacedOrderListener implements RocketMQListener<OrderMessage> {
  constructor(private readonly journal: OrderJournal) {}

  onMessage({ id, article, quantity }: OrderMessage): void {
    this.journal.add(id, `placed: ${quantity} × ${article}`);
  }
}
