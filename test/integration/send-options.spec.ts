import { describe, expect, it } from 'vitest';
import {
  ConfigurationError,
  MQBrokerError,
  MQClientError,
  PartialBatchError,
  type MessageQueueSelector,
} from '../../lib/index.js';
import { createApp, startApp } from '../support/nest-app.js';

const last: MessageQueueSelector = (queues) => queues.at(-1)!;

describe('a queue selector', () => {
  it('of a send chooses its queue, with and without a key', async () => {
    const { template } = await startApp();
    const seen: unknown[] = [];
    const queueSelector: MessageQueueSelector = (queues, message, key) => {
      seen.push([queues.length, message.topic, message.tags, key]);
      return queues[2]!;
    };
    await template.syncSend('t', 'creates the topic');
    const sent = [
      await template.syncSend('t:a', 'x', { queueSelector }),
      await template.asyncSend('t:b', 'x', { queueSelector, hashKey: 'k' }),
      await template.syncSendOrderly('t:c', 'x', 'k', { queueSelector }),
      await template.syncSend('t:d', ['x', 'y'], { queueSelector }),
    ];
    expect(sent.map(({ messageQueue }) => messageQueue.queueId)).toEqual([2, 2, 2, 2]);
    expect(seen).toEqual([
      [4, 't', 'a', ''],
      [4, 't', 'b', 'k'],
      [4, 't', 'c', 'k'],
      [4, 't', 'd', ''],
    ]);
  });

  it('of the producer takes the place of the hash, and of no other choice', async () => {
    const { template } = await startApp({ rocketmq: { producer: { queueSelector: last } } });
    for (const key of ['a', 'b', 'c', 'd']) {
      const { messageQueue } = await template.syncSendOrderly('t', 'x', key);
      expect(messageQueue.queueId).toBe(3);
    }
    const first: MessageQueueSelector = (queues) => queues[0]!;
    const { messageQueue } = await template.syncSendOrderly('t', 'x', 'a', { queueSelector: first });
    expect(messageQueue.queueId).toBe(0);
    const ids: number[] = [];
    for (let i = 0; i < 4; i++) ids.push((await template.syncSend('t', 'x')).messageQueue.queueId);
    expect(new Set(ids).size).toBe(4);
  });

  it('of keys hashes texts, and nothing else', async () => {
    const { template } = await startApp();
    await template.syncSend('t', 'creates the topic');
    const numbered = template.syncSend('t', 'x', { hashKey: 5 as never });
    await expect(numbered).rejects.toThrow('The hashKey is a number; a text is needed');
    const ids: number[] = [];
    for (let i = 0; i < 4; i++)
      ids.push((await template.syncSend('t', 'x', { hashKey: null as never })).messageQueue.queueId);
    expect(new Set(ids).size).toBe(4);
    const queueSelector: MessageQueueSelector = (queues, _, key) => queues[Number(key)]!;
    const { messageQueue } = await template.syncSend('t', 'x', { queueSelector, hashKey: 2 as never });
    expect(messageQueue.queueId).toBe(2);
  });

  it('sees plain topics where there is a namespace', async () => {
    const { template } = await startApp({ rocketmq: { namespace: 'shop' } });
    const topics = new Set<string>();
    const queueSelector: MessageQueueSelector = (queues) => {
      for (const { topic } of queues) topics.add(topic);
      return queues[1]!;
    };
    const { messageQueue } = await template.syncSend('t', 'x', { queueSelector });
    expect(messageQueue).toEqual({ topic: 't', brokerName: 'broker-a', queueId: 1 });
    expect([...topics]).toEqual(['t']);
  });

  it('that fails, or chooses nothing, refuses the send', async () => {
    const app = await startApp();
    const { template } = app;
    const fails = () => {
      throw new RangeError('no such customer');
    };
    for (const [queueSelector, text] of [
      [fails, 'select message queue threw exception. no such customer'],
      [
        () => undefined,
        'select message queue return null. A selector has to return one of the 4 queues of topic t',
      ],
      ['first', 'queueSelector is first; allowed: a function'],
    ] as const) {
      const error = await template
        .syncSend('t', 'x', { queueSelector: queueSelector as never })
        .catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(MQClientError);
      expect((error as Error).message).toBe(text);
    }
    await expect(template.sendOneWay('t', 'x', { queueSelector: fails })).rejects.toThrow('no such customer');
    expect(await app.stored('t')).toEqual([]);
  });
});

describe('the options of a send', () => {
  it('set flag and waitStoreMsgOK', async () => {
    const app = await startApp();
    await app.template.syncSend('t', 'x', { flag: -7, waitStoreMsgOK: false });
    const [message] = await app.stored('t');
    expect(message).toMatchObject({ flag: -7, waitStoreMsgOK: false });
    await expect(app.template.syncSend('t', 'x', { flag: 2 ** 31 })).rejects.toThrow(
      'flag is 2147483648; allowed: integers of 32 bits',
    );
  });

  it('leave out properties without a value, and refuse those without a text', async () => {
    const app = await startApp();
    const properties = { tenant: undefined, user: null, n: 1, at: new Date(0), tags: ['a', 'b'] } as never;
    await app.template.syncSend('t', 'x', { properties });
    const [message] = await app.stored('t');
    const names = ['tenant', 'user', 'n', 'at', 'tags'];
    expect(names.map((name) => message!.getProperty(name))).toEqual([
      undefined,
      undefined,
      '1',
      '1970-01-01T00:00:00.000Z',
      'a,b',
    ]);
    await expect(app.template.syncSend('t', 'x', { properties: { a: {} } as never })).rejects.toThrow(
      'The property "a" has no text: give it a text, a number, a truth value or a Date',
    );
  });

  it('set the level of the compression', async () => {
    const body = Buffer.from(Array.from({ length: 20_000 }, (_, i) => (i * i) % 61));
    const sizes: number[] = [];
    for (const compressLevel of [0, 9]) {
      const app = await startApp({ rocketmq: { producer: { compressLevel } } });
      await app.template.syncSend('t', body);
      const [message] = await app.stored('t');
      expect(message!.body).toEqual(body);
      sizes.push(message!.storedBody.length);
    }
    expect(sizes[0]).toBe(20_000);
    expect(sizes[1]).toBeLessThan(10_000);
  });
});

describe('an option that there is not', () => {
  it('is refused by every kind of send, with those that there are', async () => {
    const { template } = await startApp();
    const misspelt = { hashkey: 'k' } as never;
    for (const send of [
      () => template.syncSend('t', 'x', misspelt),
      () => template.syncSend('t', ['x'], misspelt),
      () => template.syncSendBatches('t', ['x'], misspelt),
      () => template.syncSendOrderly('t', 'x', 'k', misspelt),
      () => template.asyncSend('t', 'x', misspelt),
      () => template.asyncSendOrderly('t', 'x', 'k', misspelt),
      () => template.sendOneWay('t', 'x', misspelt),
      () => template.convertAndSend('t', 'x', {}, undefined, misspelt),
      () => template.sendAndReceive('t', 'x', misspelt),
      () => template.sendMessageInTransaction('t', 'x', undefined, misspelt),
      () => template.transaction('t', 'x', () => 1, misspelt),
    ]) {
      await expect(send()).rejects.toThrow(ConfigurationError);
      await expect(send()).rejects.toThrow(
        'options.hashkey is not an option; there are: timeout, delayLevel',
      );
    }
    await expect(template.syncSend('t', 'x', { type: String } as never)).rejects.toThrow('options.type is');
  });
});

describe('a signal', () => {
  it('that is aborted sends nothing, in every kind of send', async () => {
    const app = await startApp();
    const { template } = app;
    const reason = new Error('the client has gone');
    const options = { signal: AbortSignal.abort(reason) };
    await template.syncSend('t', 'first');
    for (const send of [
      () => template.syncSend('t', 'x', options),
      () => template.syncSend('t', ['x'], options),
      () => template.syncSendOrderly('t', 'x', 'k', options),
      () => template.asyncSend('t', 'x', options),
      () => template.sendOneWay('t', 'x', options),
      () => template.convertAndSend('t', 'x', {}, undefined, options),
      () => template.sendAndReceive('t', 'x', options),
    ])
      await expect(send()).rejects.toBe(reason);
    expect(await app.stored('t')).toHaveLength(1);
  });

  it('ends the waiting, and does no harm to what is sent later', async () => {
    const app = await startApp({ rocketmq: { engine: { flushDiskType: 'SYNC_FLUSH' } } });
    const controller = new AbortController();
    const { signal } = controller;
    await app.template.syncSend('t', 'first', { signal });
    const sent = app.template.syncSend('t', 'second', { signal });
    const reason = new Error('too late');
    controller.abort(reason);
    await expect(sent).rejects.toBe(reason);
    expect((await app.template.syncSend('t', 'third')).sendStatus).toBe('SEND_OK');
    expect((await app.stored('t')).map(({ body }) => body.toString())).toContain('third');
  });
});

describe('syncSendBatches', () => {
  it('stores more than one batch can have, in order, each batch in a queue', async () => {
    const app = await startApp({ rocketmq: { producer: { maxMessageSize: 10_000 } } });
    const payloads = Array.from({ length: 50 }, (_, i) => `${i}`.padEnd(1000, 'x'));
    const results = await app.template.syncSendBatches('t:tag', payloads, { hashKey: 'k' });
    expect(results.length).toBeGreaterThan(5);
    expect(new Set(results.map(({ messageQueue }) => messageQueue.queueId)).size).toBe(1);
    const stored = await app.stored('t');
    expect(stored.map(({ body }) => body.toString())).toEqual(payloads);
    expect(results.flatMap(({ msgId }) => msgId.split(','))).toEqual(stored.map(({ msgId }) => msgId));
    expect(await app.template.syncSendBatches('t', [])).toEqual([]);
  });

  it('fills batches as far as the broker takes them', async () => {
    const app = await startApp();
    const payload = Buffer.alloc(100);
    const results = await app.template.syncSendBatches(
      't',
      Array.from({ length: 30_000 }, () => payload),
    );
    expect(results).toHaveLength(3);
    expect(await app.stored('t')).toHaveLength(30_000);
  });

  it('tells how many are stored when a batch is not', async () => {
    const app = await startApp({ rocketmq: { producer: { maxMessageSize: 1000 } } });
    let calls = 0;
    const queueSelector: MessageQueueSelector = (queues) => {
      if (++calls === 3) throw new RangeError('no queue');
      return queues[0]!;
    };
    const payloads = Array.from({ length: 5 }, () => Buffer.alloc(800));
    const error = await app.template
      .syncSendBatches('t', payloads, { queueSelector })
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PartialBatchError);
    expect(error).toMatchObject({
      code: 'PARTIAL_BATCH',
      stored: 2,
      topic: 't',
      cause: expect.any(MQClientError),
    });
    expect((error as Error).message).toContain(
      'The first 2 of 5 messages are stored, those behind them not: select',
    );
    expect(await app.stored('t')).toHaveLength(2);
    const tooLarge = app.template.syncSendBatches('u', [Buffer.alloc(1), Buffer.alloc(1001)]);
    await expect(tooLarge).rejects.toMatchObject({ responseCode: 13 });
    expect(await app.stored('u')).toEqual([]);
  });
});

describe('the error of a send', () => {
  it('names topic and broker', async () => {
    const { template } = await startApp();
    const tooLong = { properties: { long: 'x'.repeat(32_767) } };
    const refused = await template.syncSend('t', 'x', tooLong).catch((reason: unknown) => reason);
    expect(refused).toBeInstanceOf(MQBrokerError);
    expect(refused).toMatchObject({ topic: 't', broker: 'broker-a', code: 'BROKER', responseCode: 13 });
    const elsewhere = () => ({ topic: 't', brokerName: 'broker-z', queueId: 0 });
    const unknown = await template
      .syncSend('t', 'x', { queueSelector: elsewhere })
      .catch((reason: unknown) => reason);
    expect(unknown).toBeInstanceOf(MQClientError);
    expect(unknown).toMatchObject({
      topic: 't',
      broker: 'broker-z',
      message: 'The broker[broker-z] not exist',
    });
  });
});

describe('the application does not start', () => {
  it.each<[object, string]>([
    [{ queueSelector: 'first' }, 'producer.queueSelector is "first"; allowed: a function'],
    [{ compressLevel: 10 }, 'producer.compressLevel is 10; allowed: an integer from 0 to 9'],
    [
      { backPressureForAsyncSendNum: 0 },
      'producer.backPressureForAsyncSendNum is 0; allowed: an integer from 1 up',
    ],
    [{ sendInterceptors: {} }, 'producer.sendInterceptors is [object Object]; allowed: an array of classes'],
  ])('with producer %j', async (producer, text) => {
    const error = await createApp({ rocketmq: { producer } }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toContain(text);
  });
});
