import { Injectable } from '@nestjs/common';
import { expect, it } from 'vitest';
import { decodeTraces, type MessageTrace } from '../../lib/client/trace/trace-data-encoder.js';
import { RocketMQAdmin, RocketMQMessageListener } from '../../lib/index.js';
import { Inbox, startApp } from '../support/nest-app.js';

it('traces what a producer sends and a listener gets, each to the topic that it names', async () => {
  const inbox = new Inbox<readonly MessageTrace[]>();
  @Injectable()
  class Listeners {
    @RocketMQMessageListener({
      ...{ topic: 'orders', consumerGroup: 'billing' },
      ...{ enableMsgTrace: true, customizedTraceTopic: 'billing-trace' },
    })
    bill(): void {}

    @RocketMQMessageListener({ topic: 'shop-trace', consumerGroup: 'a', messageType: Buffer })
    onSent(body: Buffer): void {
      inbox.push(decodeTraces(body.toString()));
    }

    @RocketMQMessageListener({ topic: 'billing-trace', consumerGroup: 'b', messageType: Buffer })
    onDelivered(body: Buffer): void {
      inbox.push(decodeTraces(body.toString()));
    }
  }
  const producer = { group: 'shop', enableMsgTrace: true, customizedTraceTopic: 'shop-trace' };
  const app = await startApp({ rocketmq: { producer }, providers: [Listeners] });
  // Ten records are sent at once.
  for (let i = 1; i < 10; i++) await app.template.syncSend('orders', `${i}`);
  const { msgId } = await app.template.syncSend('orders', 'last');
  const batches = await inbox.take(3);
  const kinds = batches.map((traces) =>
    [...new Set(traces.map((t) => `${t.groupName} ${t.traceType}`))].toSorted(),
  );
  expect(kinds.toSorted()).toEqual([
    ['billing SubAfter', 'billing SubBefore'],
    ['billing SubAfter', 'billing SubBefore'],
    ['shop Pub'],
  ]);
  const admin = app.module.get(RocketMQAdmin, { strict: false });
  const query = () => admin.queryMessageTrace(msgId, 'shop-trace');
  await expect.poll(query).toMatchObject([{ traceType: 'Pub', topic: 'orders', groupName: 'shop', msgId }]);
  expect(await admin.queryMessageTrace(msgId)).toEqual([]);
});
