import { Injectable } from '@nestjs/common';
import { RocketMQMessageListener, type RocketMQListener } from 'nestjs-rocketmq';
import { OrderReference } from '../orders/order.js';
import { Topics } from '../topics.js';

/** Lesson: the dead-letter queue. The printer is broken for good; after two more attempts the message is dead. */
@Injectable()
@RocketMQMessageListener({
  topic: Topics.INVOICES,
  consumerGroup: 'invoices',
  messageType: OrderReference,
  maxReconsumeTimes: 2,
  delayLevelWhenNextConsume: 1,
})
export class InvoiceListener implements RocketMQListener<OrderReference> {
  onMessage({ id }: OrderReference): void {
    throw new Error(`The invoice of order ${id} cannot be printed`);
  }
}
