import { Injectable } from '@nestjs/common';
import { RocketMQMessageListener, type RocketMQListener } from 'nestjs-rocketmq';
import { OrderJournal } from '../orders/order-journal.js';
import { OrderStep } from '../orders/order.js';
import { Topics } from '../topics.js';

/** Lesson: order. The steps of an order come one after the other, those of different orders at once. */
@Injectable()
@RocketMQMessageListener({ topic: Topics.ORDER_STEPS, consumeMode: 'ORDERLY', messageType: OrderStep })
export class OrderStepsListener implements RocketMQListener<OrderStep> {
  constructor(private readonly journal: OrderJournal) {}

  async onMessage({ id, step }: OrderStep): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.journal.add(id, `step: ${step}`);
  }
}
