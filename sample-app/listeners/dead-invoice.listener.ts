import { Injectable } from '@nestjs/common';
import { RocketMQDeadLetterListener } from 'nestjs-rocketmq';
import { OrderJournal } from '../orders/order-journal.js';
import { OrderReference } from '../orders/order.js';

/** Lesson: a method as listener, and the dead messages of a group. */
@Injectable()
export class DeadInvoiceListener {
  constructor(private readonly journal: OrderJournal) {}

  @RocketMQDeadLetterListener('invoices', { messageType: OrderReference })
  callTheAccountant({ id }: OrderReference): void {
    this.journal.add(id, 'invoice failed: the accountant was called');
  }
}
