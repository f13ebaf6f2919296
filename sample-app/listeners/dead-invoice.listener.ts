import { Injectable } from '@nestjs/common';
import { RocketMQMessageListener } from 'nestjs-rocketmq';
import { OrderJournal } from '../orders/order-journal.js';
import { OrderReference } from '../orders/order.js';

/** Lesson: a method as listener, and the topic in which dead messages of a group lie. */
@Injectable()
export class DeadInvoiceListener {
  constructor(private readonly journal: OrderJournal) {}

  @RocketMQMessageListener({ topic: '%DLQ%invoices', messageType: OrderReference })
  callTheAccountant({ id }: OrderReference): void {
    this.journal.add(id, 'invoice failed: the accountant was called');
  }
}
