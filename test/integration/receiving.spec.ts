import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  ConfigurationError,
  MessageExt,
  RocketMQAdmin,
  RocketMQPullConsumers,
  type PullConsumer,
} from '../../lib/index.js';
import { RocketMQConnection } from '../../lib/rocketmq.connection.js';
import { createApp, startApp, type TestApp } from '../support/nest-app.js';

class Order {
  id!: number;
}

const pullConsumer = {
  group: 'receivers',
  topic: 'orders',
  consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
} as const;

const texts = (messages: readonly MessageExt[]) => messages.map(({ body }) => body.toString());
const admin = (app: TestApp) => app.module.get(RocketMQAdmin, { strict: false });
const consumers = (app: TestApp) => app.module.get(RocketMQPullConsumers, { strict: false });

async function send(app: TestApp, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await app.template.syncSendOrderly('orders', { id: i }, 'one queue');
}

describe('receive', () => {
  it('returns messages as the type that is asked for, at most as many as asked', async () => {
    const app = await startApp({ rocketmq: { pullConsumer } });
    await send(app, 3);
    const first = await app.template.receive(Order, { max: 2, timeout: 10_000 });
    expectTypeOf(first).toEqualTypeOf<Order[]>();
    expect(first[0]).toBeInstanceOf(Order);
    const received = [...first];
    while (received.length < 3) received.push(...(await app.template.receive(Order, { max: 2 })));
    expect(first.length).toBeLessThanOrEqual(2);
    expect(received).toEqual([{ id: 0 }, { id: 1 }, { id: 2 }]);
    expect(await app.template.receive(String, 50)).toEqual([]);
  });

  it('loses nothing when a message cannot be read', async () => {
    const app = await startApp({ rocketmq: { pullConsumer } });
    await app.template.syncSend('orders', 'no JSON');
    await expect(app.template.receive(Order, 10_000)).rejects.toThrow('is not JSON');
    expect(await app.template.receive(String, 10_000)).toEqual(['no JSON']);
  });

  it('says what is missing', async () => {
    const app = await startApp();
    await expect(app.template.receive(String)).rejects.toThrow('receive() needs a consumer to receive with');
    await expect(startApp({ rocketmq: { pullConsumer: { group: 'g' } } })).rejects.toThrow('has no topic');
    const wrong = createApp({ rocketmq: { pullConsumer: { ...pullConsumer, pullBatchSize: 0 } } });
    await expect(wrong).rejects.toThrow('pullConsumer.pullBatchSize is 0');
    const receiving = await startApp({ rocketmq: { pullConsumer } });
    await expect(receiving.template.receive(String, { max: 0 })).rejects.toThrow(ConfigurationError);
    const misspelt = receiving.template.receive(String, { count: 1 } as object);
    await expect(misspelt).rejects.toThrow('options.count is not an option; there are: timeout, max, signal');
  });
});

describe('a pull consumer', () => {
  const take = async (consumer: PullConsumer, count: number, commits: boolean) => {
    const received: MessageExt[] = [];
    for await (const batch of consumer) {
      received.push(...batch);
      if (commits) await batch.commit();
      if (received.length >= count) return texts(received);
    }
    return texts(received);
  };

  it('hands out batch after batch, and goes on where one was committed', async () => {
    const app = await startApp();
    await send(app, 3);
    const options = { ...pullConsumer, autoCommit: false, pollTimeoutMillis: 200 };
    const first = await consumers(app).create(options);
    expect(await take(first, 3, true)).toEqual(['{"id":0}', '{"id":1}', '{"id":2}']);
    await first.close();
    await send(app, 1);
    for (const commits of [false, true]) {
      const next = await consumers(app).create(options);
      expect(await take(next, 1, commits)).toEqual(['{"id":0}']);
      await next.close();
    }
    const last = await consumers(app).create(options);
    expect(await last.poll({ timeout: 300 })).toEqual([]);
  });

  it('reads queues that it names', async () => {
    const app = await startApp();
    await send(app, 3);
    const consumer = await consumers(app).create({ group: 'reader' });
    const queues = await consumer.queuesOf('orders');
    await consumer.assign(queues);
    for (const queue of queues) await consumer.seekToBegin(queue);
    const messages = await consumer.poll({ timeout: 10_000 });
    expect(messages[0]!.queueOffset).toBe(0);
    const { queueId, brokerName } = messages[0]!;
    const queue = { topic: 'orders', brokerName, queueId };
    await consumer.seek(queue, 2);
    expect(texts(await consumer.poll({ timeout: 10_000 }))).toEqual(['{"id":2}']);
    await consumer.commit();
    expect(await consumer.committed(queue)).toBe(3);
    expect(await consumer.offsetForTimestamp(queue, new Date(0))).toBe(0);
    for (const time of [new Date(NaN), NaN, 'yesterday'])
      await expect(consumer.offsetForTimestamp(queue, time as never)).rejects.toThrow('allowed: a Date, or');
  });

  it('ends with the application', async () => {
    const app = await startApp();
    const consumer = await consumers(app).create({ ...pullConsumer, pollTimeoutMillis: 60_000 });
    const taken = take(consumer, 1, false);
    await app.close();
    expect(await taken).toEqual([]);
    await expect(consumer.poll()).rejects.toThrow('not running');
  });

  it('that is made while the application ends is closed with it, and none is made later', async () => {
    const app = await startApp();
    const created = consumers(app).create(pullConsumer);
    await app.close();
    await expect((await created).poll()).rejects.toThrow('not running');
    const late = consumers(app).create({ ...pullConsumer, group: 'late' });
    await expect(late).rejects.toThrow('The application ends: it makes no pull consumers any more.');
  });

  it('reads other clusters, with the same group as in its own', async () => {
    const other = await startApp({ rocketmq: { engine: { listen: { nameServerPort: 0, listenPort: 0 } } } });
    const app = await startApp();
    await other.template.syncSend('orders', 'there');
    await app.template.syncSend('orders', 'here');
    const { engine } = other.module.get(RocketMQConnection, { strict: false });
    const nameServer = engine!.listenAddress!;
    const there = await consumers(app).create({ ...pullConsumer, nameServer });
    const here = await consumers(app).create(pullConsumer);
    expect(texts(await there.poll({ timeout: 10_000 }))).toEqual(['there']);
    expect(texts(await here.poll({ timeout: 10_000 }))).toEqual(['here']);
    await expect(consumers(app).create({ ...pullConsumer, nameServer: [nameServer] })).rejects.toThrow(
      'receivers',
    );
    await app.close();
    await expect(there.poll()).rejects.toThrow('not running');
  });

  it.each([[''], ['archive'], [[]], [9876]])('refuses %j as nameServer', async (nameServer) => {
    const app = await startApp();
    const created = consumers(app).create({ ...pullConsumer, nameServer: nameServer as string });
    await expect(created).rejects.toThrow(ConfigurationError);
  });

  it.each([
    [{}, 'pullConsumer.group is undefined'],
    [{ group: 'a.b' }, 'pullConsumer.group is "a.b"'],
    [
      { group: 'g', consumerGroup: 'g' },
      'consumerGroup is not an option; there are: group, nameServer, topic',
    ],
    [
      { group: 'g', topic: 't', consumeTimestamp: 7 },
      'pullConsumer has a consumeTimestamp, which means something with',
    ],
  ])('refuses the options %j', async (options, text) => {
    const app = await startApp();
    await expect(consumers(app).create(options as never)).rejects.toThrow(text);
  });

  it('refuses tags without a topic', async () => {
    const app = await startApp();
    const created = consumers(app).create({ group: 'g', selectorExpression: 'a' });
    await expect(created).rejects.toThrow('selectorExpression needs a topic');
  });
});

describe('RocketMQAdmin', () => {
  const all = async (messages: AsyncIterable<MessageExt>) => {
    const found: MessageExt[] = [];
    for await (const message of messages) found.push(message);
    return found;
  };

  it('browses a topic by time and queue, without consuming it', async () => {
    const app = await startApp();
    await send(app, 70);
    const found = await all(admin(app).browse('orders'));
    expect(texts(found)).toEqual(Array.from({ length: 70 }, (_, i) => `{"id":${i}}`));
    expect(await all(admin(app).browse('orders', { max: 40 }))).toHaveLength(40);
    const { queueId, brokerName, storeTimestamp } = found[30]!;
    const later = await all(admin(app).browse('orders', { from: new Date(storeTimestamp) }));
    expect(later.every((message) => message.storeTimestamp >= storeTimestamp)).toBe(true);
    const earlier = await all(admin(app).browse('orders', { to: storeTimestamp }));
    expect(earlier.length + later.length).toBe(70);
    const queue = { topic: 'orders', brokerName, queueId };
    expect(await all(admin(app).browse('orders', { queue }))).toHaveLength(70);
    const ranges = await admin(app).queues('orders');
    expect(ranges.find((range) => range.queue.queueId === queueId)).toEqual({
      queue,
      minOffset: 0,
      maxOffset: 70,
    });
    await expect(all(admin(app).browse('orders', { max: 0 }))).rejects.toThrow('max is 0');
    const misspelt = { since: new Date() } as object;
    await expect(all(admin(app).browse('orders', misspelt))).rejects.toThrow('browse.since is not an option');
    await expect(admin(app).queryByKey('orders', 'k', misspelt)).rejects.toThrow('queryByKey.since is not');
  });

  it.each([new Date('tomorrow'), '2026-01-01', NaN, null])('refuses %s as a time', async (time) => {
    const app = await startApp();
    const refused = 'allowed: a Date, or milliseconds since the epoch';
    const [from, to] = [{ from: time as Date }, { to: time as Date }];
    await expect(all(admin(app).browse('orders', from))).rejects.toThrow(refused);
    await expect(admin(app).queryByKey('orders', 'k', to)).rejects.toThrow(refused);
    await expect(admin(app).resendDeadLetters('g', to)).rejects.toThrow(refused);
  });

  it('finds messages by key and by both kinds of id', async () => {
    const app = await startApp();
    const { msgId, offsetMsgId } = await app.template.syncSend('orders', 'a', { keys: ['k1', 'k2'] });
    expect(texts(await admin(app).queryByKey('orders', 'k2'))).toEqual(['a']);
    expect(await admin(app).queryByKey('orders', 'k')).toEqual([]);
    expect((await admin(app).findById('orders', msgId))!.msgId).toBe(msgId);
    expect((await admin(app).findById('orders', offsetMsgId))!.msgId).toBe(msgId);
    expect(await admin(app).findById('orders', 'no such id')).toBeUndefined();
    await expect(admin(app).queryByKey('orders', 'k', { max: 65 })).rejects.toThrow('from 1 to 64');
  });
});
