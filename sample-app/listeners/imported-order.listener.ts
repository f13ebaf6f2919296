import { Injectable } from '@nestjs/common';
import { RocketMQMessageListener, type RocketMQListener } from 'nestjs-rocketmq';
import { OrderJournal } from '../orders/order-journal.js';
import { OrderMessage } from '../orders/order.js';
import { Topics } from '../topics.js';

/** Lesson: batches. They were sent a hundred at a time, and up to 500 orders, of any of them, are noted with one write. */
@Injectable()
@RocketMQMessageListener({
  topic: Topics.ORDER_IMPORTS,
  messageType: OrderMessage,
  batch: { size: 500, lingerMs: 50 },
})
export class ImportedOrderListener implements RocketMQListener<OrderMessage[]> {
  constructor(private readonly journal: OrderJournal) {}

  onMessage(orders: OrderMessage[]): void {
    this.journal.addAll(
      orders.map(({ id, article, quantity }) => ({ id, event: `imported: ${quantity} × ${article}` })),
    );
  }
}
