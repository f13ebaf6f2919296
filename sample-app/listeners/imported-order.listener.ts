import { Injectable } from '@nestjs/common';
import { RocketMQMessageListener, type RocketMQListener } from 'nestjs-rocketmq';
import { OrderJournal } from '../orders/order-journal.js';
import { OrderMessage } from '../orders/order.js';
import { Topics } from '../topics.js';

/** Lesson: batches. They were sent a hundred at a time; here each order comes by itself. */
@Injectable()
@RocketMQMessageListener({ topic: Topics.ORDER_IMPORTS, messageType: OrderMessage })
export class ImportedOrderListener implements RocketMQListener<OrderMessage> {
  constructor(private readonly journal: OrderJournal) {}

  onMessage({ id, article, quantity }: OrderMessage): void {
    this.journal.add(id, `imported: ${quantity} × ${article}`);
  }
}
