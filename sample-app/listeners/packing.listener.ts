import { Injectable } from '@nestjs/common';
import { RocketMQMessageListener, type RocketMQListener } from 'nestjs-rocketmq';
import { OrderJournal } from '../orders/order-journal.js';
import { OrderReference } from '../orders/order.js';
import { Topics } from '../topics.js';

/** Lesson: popping. Whoever is free packs the next parcel, within thirty seconds; nobody waits behind one that takes long. */
@Injectable()
@RocketMQMessageListener({
  topic: Topics.ORDERS,
  consumerGroup: 'packing',
  selectorExpression: 'paid',
  messageType: OrderReference,
  clientRebalance: false,
  popInvisibleTime: 30_000,
})
export class PackingListener implements RocketMQListener<OrderReference> {
  constructor(private readonly journal: OrderJournal) {}

  onMessage({ id }: OrderReference): void {
    this.journal.add(id, 'parcel packed');
  }
}
