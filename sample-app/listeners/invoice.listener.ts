import { Injectable } from '@nestjs/common';
import { RocketMQMessageListener, type RocketMQListener } from 'nestjs-rocketmq';
import { InvoicePrinter } from '../invoices/invoice-printer.js';
import { OrderJournal } from '../orders/order-journal.js';
import { OrderReference } from '../orders/order.js';
import { Topics } from '../topics.js';

/** Lesson: the dead-letter queue. While the printer is broken a message is dead after two more attempts. */
@Injectable()
@RocketMQMessageListener({
  topic: Topics.INVOICES,
  consumerGroup: 'invoices',
  messageType: OrderReference,
  maxReconsumeTimes: 2,
  delayLevelWhenNextConsume: 1,
})
export class InvoiceListener implements RocketMQListener<OrderReference> {
  constructor(
    private readonly printer: InvoicePrinter,
    private readonly journal: OrderJournal,
  ) {}

  onMessage({ id }: OrderReference): void {
    this.printer.print(id);
    this.journal.add(id, 'invoice printed');
  }
}
