import { randomUUID } from 'node:crypto';
import { Injectable, ServiceUnavailableException } from '@nestjs/common';
import { MessageBuilder, RocketMQHeaders, RocketMQTemplate } from 'nestjs-rocketmq';
import { Topics } from '../topics.js';
import type { CreateOrderDto, OrderMessage } from './order.js';

const STEPS = ['accepted', 'picked', 'packed'];
/** Delay level 3: ten seconds. */
const PAYMENT_TERM = 3;

/** Publishes what happens to orders, with every kind of send. */
@Injectable()
export class OrdersService {
  constructor(private readonly rocketMQ: RocketMQTemplate) {}

  /** Resolves when the order is stored; from then on it is not lost. */
  async place(dto: CreateOrderDto): Promise<{ id: string; msgId: string }> {
    const { article, quantity } = dto;
    const order: OrderMessage = { article, quantity, id: randomUUID() };
    const { id } = order;
    // Synchronous, with a key by which the message can be found, and a property by which it can be selected.
    const properties = { quantity: `${quantity}` };
    const { msgId } = await this.rocketMQ.syncSend(`${Topics.ORDERS}:placed`, order, {
      keys: id,
      properties,
    });
    // In order: all steps of an order go to the same queue.
    for (const step of STEPS) await this.rocketMQ.syncSendOrderly(Topics.ORDER_STEPS, { id, step }, id);
    // Later: whoever has not paid by then loses the order.
    await this.rocketMQ.syncSend(Topics.ORDER_TIMEOUTS, { id }, { delayLevel: PAYMENT_TERM });
    // Asynchronous: both at once.
    await Promise.all([
      this.rocketMQ.asyncSend(Topics.SHIPMENTS, { id }),
      this.rocketMQ.asyncSend(Topics.INVOICES, { id }),
    ]);
    // One way: nobody minds if one is lost.
    await this.rocketMQ.sendOneWay(Topics.VISITS, { article });
    return { id, msgId };
  }

  /** In a transaction: the payment is in the database and its message on its way, or neither. */
  async pay(id: string): Promise<void> {
    const message = MessageBuilder.withPayload({ id }).setHeader(RocketMQHeaders.KEYS, id).build();
    const destination = `${Topics.ORDERS}:paid`;
    const { sendStatus, localTransactionState } = await this.rocketMQ.sendMessageInTransaction(
      destination,
      message,
    );
    // Rolled back without the database means that it was paid before.
    if (sendStatus !== 'SEND_OK' || localTransactionState === 'UNKNOW')
      throw new ServiceUnavailableException('The payment could not be noted: try again in a moment');
  }

  /** Resolves when all of them are stored: a batch is stored as a whole or not at all. */
  async importBatch(orders: readonly OrderMessage[]): Promise<void> {
    await this.rocketMQ.syncSend(Topics.ORDER_IMPORTS, [...orders]);
  }
}
