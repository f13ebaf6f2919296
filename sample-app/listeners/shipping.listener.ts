import { Injectable } from '@nestjs/common';
import { MessageExt, RocketMQMessageListener, type RocketMQListener } from 'nestjs-rocketmq';
import { OrderJournal } from '../orders/order-journal.js';
import type { OrderReference } from '../orders/order.js';
import { Topics } from '../topics.js';

/** Lesson: retries, and the message itself. The carrier answers only the third time; level 1 waits one second between. */
@Injectable()
@RocketMQMessageListener({ topic: Topics.SHIPMENTS, messageType: MessageExt, delayLevelWhenNextConsume: 1 })
export class ShippingListener implements RocketMQListener<MessageExt> {
  constructor(private readonly journal: OrderJournal) {}

  onMessage(message: MessageExt): void {
    const { id } = JSON.parse(message.body.toString()) as OrderReference;
    if (message.reconsumeTimes < 2) throw new Error(`The carrier of order ${id} does not answer`);
    this.journal.add(id, `shipped at attempt ${message.reconsumeTimes + 1}`);
  }
}
