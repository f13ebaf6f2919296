import { describe, expect, it } from 'vitest';
import { MessageBuilder, RocketMQHeaders, type Message, type SendResult } from '../../lib/index.js';
import { javaHashCode } from '../../lib/common/java-hash.js';
import { startApp, type TestApp } from '../support/nest-app.js';
import { VirtualClock } from '../support/virtual-clock.js';

const ID = /^[0-9A-F]{32}$/;

async function only(app: TestApp, topic: string) {
  const messages = await app.stored(topic);
  expect(messages).toHaveLength(1);
  return messages[0]!;
}

function expectStored(result: SendResult, topic: string): void {
  expect(result).toMatchObject({ sendStatus: 'SEND_OK', messageQueue: { topic, brokerName: 'broker-a' } });
  expect(result.msgId).toMatch(ID);
  expect(result.offsetMsgId).toMatch(ID);
  expect(Number.isSafeInteger(result.queueOffset)).toBe(true);
}

/** The result of a send with a callback. */
function called(
  send: (callback: { onSuccess: (r: SendResult) => void; onException: (e: Error) => void }) => void,
) {
  return new Promise<SendResult>((onSuccess, onException) => send({ onSuccess, onException }));
}

describe('syncSend', () => {
  it('stores a message in one of the queues of its topic, and says where', async () => {
    const app = await startApp();
    const results: SendResult[] = [];
    for (let i = 0; i < 8; i++) results.push(await app.template.syncSend('orders:paid', { id: i }));
    expect(new Set(results.map(({ messageQueue }) => messageQueue.queueId))).toEqual(new Set([0, 1, 2, 3]));
    const stored = await app.stored('orders');
    expect(stored).toHaveLength(8);
    for (const result of results) {
      expectStored(result, 'orders');
      const { msgId, offsetMsgId, queueOffset, messageQueue } = result;
      const message = stored.find((other) => other.msgId === msgId);
      expect(message).toMatchObject({
        queueId: messageQueue.queueId,
        queueOffset,
        offsetMsgId,
        tags: 'paid',
      });
    }
  });

  it('takes tag, keys, delay and properties as options', async () => {
    const app = await startApp();
    const options = { tag: 'b', keys: ['k1', 'k2'], properties: { source: 'web' }, timeout: 1000 };
    expectStored(await app.template.syncSend('t:a', 'x', options), 't');
    const message = await only(app, 't');
    expect(message).toMatchObject({ tags: 'b', keys: 'k1 k2' });
    expect(message.getProperty('source')).toBe('web');
  });

  it('takes timeout and delay level by position, as Java code passes them', async () => {
    const clock = new VirtualClock();
    const app = await startApp({ clock });
    const result = await app.template.syncSend('t', 'later', 1000, 2);
    expectStored(result, 't');
    expect(await app.stored('t')).toEqual([]);
    await clock.advance(4999);
    expect(await app.stored('t')).toEqual([]);
    await clock.advance(1);
    expect((await only(app, 't')).msgId).toBe(result.msgId);
  });

  it('stores an array as one batch in one queue', async () => {
    const app = await startApp();
    const second = MessageBuilder.withPayload('b').setHeader(RocketMQHeaders.KEYS, 'k').build();
    const result = await app.template.syncSend('t:tag', ['a', second, { c: 1 }], { timeout: 1000 });
    expect(result.msgId.split(',')).toHaveLength(3);
    const stored = await app.stored('t');
    expect(stored.map(({ body }) => body.toString())).toEqual(['a', 'b', '{"c":1}']);
    expect(stored.map(({ msgId }) => msgId).join(',')).toBe(result.msgId);
    expect(stored.map(({ keys }) => keys)).toEqual([undefined, 'k', undefined]);
    for (const message of stored) {
      expect(message).toMatchObject({ queueId: result.messageQueue.queueId, tags: 'tag' });
    }
  });

  it('waits for the flush of the disk', async () => {
    const app = await startApp({ rocketmq: { engine: { flushDiskType: 'SYNC_FLUSH' } } });
    expectStored(await app.template.syncSend('t', 'safe'), 't');
  });
});

describe('asyncSend', () => {
  it('resolves to the result', async () => {
    const app = await startApp();
    expectStored(await app.template.asyncSend('t:a', 'x', { keys: 'k' }), 't');
    expect(await only(app, 't')).toMatchObject({ tags: 'a', keys: 'k' });
  });

  it('calls back with the result, with timeout, delay and batch as in Java', async () => {
    const clock = new VirtualClock();
    const app = await startApp({ clock });
    const { template } = app;
    expectStored(await called((callback) => template.asyncSend('plain', 'x', callback)), 'plain');
    expectStored(
      await called((callback) => template.asyncSend('options', 'x', callback, { tag: 'o' })),
      'options',
    );
    expectStored(
      await called((callback) => template.asyncSend('delayed', 'x', callback, 1000, 1)),
      'delayed',
    );
    const batch = await called((callback) => template.asyncSend('batch', ['a', 'b'], callback));
    expect(batch.msgId.split(',')).toHaveLength(2);
    expect(await only(app, 'options')).toMatchObject({ tags: 'o' });
    expect(await app.stored('delayed')).toEqual([]);
    await clock.advance(1000);
    await only(app, 'delayed');
    expect(await app.stored('batch')).toHaveLength(2);
  });

  it('tells the callback what was refused, and the log what the callback throws', async () => {
    const app = await startApp();
    await expect(called((callback) => app.template.asyncSend('a.b', 'x', callback))).rejects.toThrow(
      'illegal',
    );
    const onSuccess = () => {
      throw new Error('broken callback');
    };
    app.template.asyncSend('t', 'x', { onSuccess, onException: () => {} });
    const line = await app.logger.logged(
      'The callback of an asynchronous send failed: Error: broken callback',
    );
    expect(line).toContain('template.spec.ts');
  });
});

describe('ordered sends', () => {
  it('put all messages of a key into the queue that Java chooses too', async () => {
    const app = await startApp();
    const { template } = app;
    for (const key of ['a', 'order-7', 'polygenelubricants', '订单']) {
      const queueId = Math.abs(javaHashCode(key) % 4);
      const sent = [
        await template.syncSendOrderly('steps', 1, key),
        await template.syncSendOrderly('steps', 2, key, 1000),
        await template.syncSendOrderly('steps', [3, 4], key),
        await template.asyncSendOrderly('steps', 5, key),
        await template.asyncSendOrderly('steps', 6, key, { tag: 't' }),
        await called((callback) => template.asyncSendOrderly('steps', 7, key, callback)),
        await called((callback) => template.asyncSendOrderly('steps', 8, key, callback, 1000)),
      ];
      await template.sendOneWayOrderly('steps', 9, key);
      await template.syncSend('steps', 10, { hashKey: key });
      for (const { messageQueue } of sent) expect(messageQueue.queueId).toBe(queueId);
    }
    const stored = await app.stored('steps');
    expect(stored).toHaveLength(40);
    const keysOf = stored.filter(({ queueId }) => queueId === Math.abs(javaHashCode('a') % 4));
    expect(keysOf.slice(0, 10).map(({ body }) => Number(body.toString()))).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    ]);
  });

  it('keep the order of sends that are under way together', async () => {
    const app = await startApp({ rocketmq: { engine: { flushDiskType: 'SYNC_FLUSH' } } });
    const numbers = Array.from({ length: 200 }, (_, i) => i);
    await Promise.all(numbers.map((i) => app.template.syncSendOrderly('ordered', i, 'key')));
    const stored = await app.stored('ordered');
    expect(stored.map(({ body }) => Number(body.toString()))).toEqual(numbers);
  });

  it('may be delayed', async () => {
    const clock = new VirtualClock();
    const app = await startApp({ clock });
    await app.template.syncSendOrderly('steps', 'x', 'key', 1000, 1);
    await clock.advance(1000);
    expect(await only(app, 'steps')).toMatchObject({ queueId: Math.abs(javaHashCode('key') % 4) });
  });

  it.each(['', undefined as never, 7 as never])('need a text as key, not %j', async (key) => {
    const app = await startApp();
    await expect(app.template.syncSendOrderly('t', 'x', key)).rejects.toThrow(
      'The hashKey of an ordered message is',
    );
    await expect(app.template.sendOneWayOrderly('t', 'x', key)).rejects.toThrow('a text is needed');
    await expect(app.template.asyncSendOrderly('t', 'x', key)).rejects.toThrow('a text is needed');
    const calledBack = called((callback) => app.template.asyncSendOrderly('t', 'x', key, callback));
    await expect(calledBack).rejects.toThrow('a text is needed');
    expect(await app.stored('t')).toEqual([]);
  });
});

describe('sendOneWay', () => {
  it('stores without an answer', async () => {
    const app = await startApp();
    expect(await app.template.sendOneWay('t:a', 'x', { keys: 'k' })).toBeUndefined();
    // A later send is answered after what came before it was stored.
    await app.template.syncSend('t', 'barrier');
    const stored = await app.stored('t');
    expect(stored.find(({ body }) => body.toString() === 'x')).toMatchObject({ tags: 'a', keys: 'k' });
  });

  it('takes an array for one message, as convertAndSend does', async () => {
    const app = await startApp();
    await app.template.sendOneWay('t', [1, 2]);
    await app.template.convertAndSend('t', [3, 4]);
    const bodies = (await app.stored('t')).map(({ body }) => body.toString());
    expect(bodies.toSorted()).toEqual(['[1,2]', '[3,4]']);
  });
});

describe('convertAndSend', () => {
  it('sends a payload with headers, and returns the result', async () => {
    const app = await startApp();
    const headers = { KEYS: ['a', 'b'], tenant: 42, absent: undefined, none: null };
    expectStored(await app.template.convertAndSend('t:x', { id: 1 }, headers), 't');
    const message = await only(app, 't');
    expect(message).toMatchObject({ tags: 'x', keys: 'a b' });
    expect(message.getProperty('tenant')).toBe('42');
    expect(message.getProperty('absent')).toBeUndefined();
    expect(message.getProperty('none')).toBeUndefined();
  });

  it('keeps the headers of a built message, and takes options', async () => {
    const app = await startApp();
    const built = MessageBuilder.withPayload('p').setHeader('a', 1).setHeader('b', 1).build();
    await app.template.convertAndSend('t', built, { b: 2 }, undefined, { tag: 'x', timeout: 500 });
    const message = await only(app, 't');
    expect(message.body.toString()).toBe('p');
    expect(message).toMatchObject({ tags: 'x' });
    expect([message.getProperty('a'), message.getProperty('b')]).toEqual(['1', '2']);
  });

  it('lets a post-processor change or replace the message', async () => {
    const app = await startApp();
    const stamp = (message: Message) => {
      message.putUserProperty('stamp', 'yes');
      return message;
    };
    await app.template.convertAndSend('t', 'x', {}, stamp);
    expect((await only(app, 't')).getProperty('stamp')).toBe('yes');
  });
});

describe('delay levels', () => {
  it('deliver each when it is due', async () => {
    const clock = new VirtualClock();
    const app = await startApp({ clock });
    for (const delayLevel of [1, 3, 5, 18]) await app.template.syncSend('t', `${delayLevel}`, { delayLevel });
    const levels = async () =>
      (await app.stored('t')).map(({ body }) => Number(body.toString())).toSorted((a, b) => a - b);
    for (const [millis, expected] of [
      [1000, [1]],
      [9000, [1, 3]],
      [50_000, [1, 3, 5]],
      [7_139_999, [1, 3, 5]],
      [1, [1, 3, 5, 18]],
    ] as const) {
      await clock.advance(millis);
      expect(await levels()).toEqual(expected);
    }
  });

  it('are those of messageDelayLevel', async () => {
    const clock = new VirtualClock();
    const app = await startApp({ clock, rocketmq: { engine: { messageDelayLevel: '3s 7s' } } });
    await app.template.syncSend('t', 'x', { delayLevel: 2 });
    await app.template.syncSend('t', 'the highest there is', { delayLevel: 18 });
    await clock.advance(6999);
    expect(await app.stored('t')).toEqual([]);
    await clock.advance(1);
    expect(await app.stored('t')).toHaveLength(2);
  });
});
