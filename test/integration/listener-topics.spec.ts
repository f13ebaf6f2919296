import type { Type } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import {
  ConfigurationError,
  RocketMQListenerRegistry,
  type MessageExt,
  type RocketMQConsumerOptions,
  type RocketMQMessageListenerOptions,
} from '../../lib/index.js';
import { createApp, Inbox, listener, startApp } from '../support/nest-app.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** What a listener with these options gets of what was sent. */
async function open(options: RocketMQMessageListenerOptions, consumer: RocketMQConsumerOptions = {}) {
  const inbox = new Inbox<string>();
  const app = await startApp({
    rocketmq: { consumer },
    providers: [
      listener<string>({ consumerGroup: 'g', ...options }, (text, { topic }) =>
        inbox.push(`${topic} ${text}`),
      ),
    ],
  });
  const registry = app.module.get(RocketMQListenerRegistry, { strict: false });
  return { app, inbox, registry };
}

async function refused(provider: Type, consumer: RocketMQConsumerOptions, text: string): Promise<void> {
  const app = await createApp({ rocketmq: { consumer }, providers: [provider] });
  const error = await app.start().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConfigurationError);
  expect((error as Error).message).toContain(text);
}

describe('a listener of several topics', () => {
  it('gets the messages of all, selected as each topic says', async () => {
    const { app, inbox, registry } = await open({
      topic: ['a', { topic: 'b', selectorExpression: 'x' }, { topic: 'c', selectorExpression: '*' }],
      selectorExpression: 'paid',
    });
    for (const destination of ['a:paid', 'a:x', 'b:paid', 'b:x', 'c:paid', 'c:x'])
      await app.template.syncSend(destination, destination);
    expect((await inbox.take(4)).toSorted()).toEqual(['a a:paid', 'b b:x', 'c c:paid', 'c c:x']);
    expect(registry.get('g').listeners).toMatchObject([
      { topic: 'a', tags: ['paid'] },
      { topic: 'b', tags: ['x'] },
      { topic: 'c', tags: [] },
    ]);
    await app.logger.logged('TestListener {b:x} group=g');
  });

  it('selects by properties in one and by tags in another', async () => {
    const { app, inbox } = await open({
      topic: [{ topic: 'a', selectorType: 'SQL92', selectorExpression: 'amount > 5' }, 'b'],
    });
    await app.template.syncSend('a', 'few', { properties: { amount: '5' } });
    await app.template.syncSend('a', 'many', { properties: { amount: '6' } });
    await app.template.syncSend('b', 'any');
    expect((await inbox.take(2)).toSorted()).toEqual(['a many', 'b any']);
  });

  it('gets batches with messages of all of them', async () => {
    const clock = new VirtualClock();
    const batches = new Inbox<string[]>();
    const app = await startApp({
      clock,
      providers: [
        listener<string[]>({ topic: ['a', 'b'], batch: { size: 2, lingerMs: 60_000 } }, batches.push),
      ],
    });
    await app.template.syncSend('a', '1');
    await app.template.syncSend('b', '2');
    expect((await batches.take())[0]!.toSorted()).toEqual(['1', '2']);
  });

  it.each<[object, string]>([
    [{ topic: [] }, 'TestListener has no topic'],
    [{ topic: ['a', ''] }, 'TestListener has no topic'],
    [{ topic: ['a', 'b.c'] }, 'The topic "b.c" of listener TestListener is illegal'],
    [{ topic: ['a', { name: 'b' }] }, '.topic is a,[object Object]; allowed: a text, or an array of texts'],
    [{ topic: [{ topic: 'a', selectorType: 'X' }] }, 'allowed: a text, or an array of texts and { topic,'],
    [{ topic: ['a', 'a'] }, 'both TestListener and TestListener listen to messages of topic "a"'],
    [{ topic: [{ topic: 'a', selectorExpression: ' ' }] }, 'is illegal: it has no tag'],
    [{ topic: ['%DLQ%g'], consumerGroup: 'g' }, 'listens to its dead messages'],
  ])('is refused with %j', async (options, text) => {
    await refused(
      listener(options as RocketMQMessageListenerOptions, () => {}),
      {},
      text,
    );
  });
});

describe('a listener that is not enabled', () => {
  it.each<[string, Partial<RocketMQMessageListenerOptions>, RocketMQConsumerOptions]>([
    ['by its decorator', { enabled: false }, {}],
    ['by the module', {}, { enabled: false }],
    ['by the map of the module', { enabled: true }, { listeners: { g: { off: false } } }],
  ])('%s gets nothing, and its group is not there', async (_name, options, consumer) => {
    const { app, registry } = await open({ topic: 'off', ...options }, consumer);
    expect(registry.list()).toEqual([]);
    const broker = await app.broker();
    expect(await broker.consumerIds('g')).toBeUndefined();
  });

  it.each<[Partial<RocketMQMessageListenerOptions>, RocketMQConsumerOptions]>([
    [{ enabled: true }, { enabled: false }],
    [{}, { enabled: false, listeners: { g: { on: true } } }],
    [{ enabled: false }, { listeners: { g: { on: true } } }],
  ])('may be the exception: %j with %j', async (options, consumer) => {
    const { app, inbox } = await open({ topic: 'on', ...options }, consumer);
    await app.template.syncSend('on', 'x');
    expect(await inbox.take()).toEqual(['on x']);
  });

  it('of several topics may be so for one of them', async () => {
    const { app, inbox, registry } = await open(
      { topic: ['on', 'off'] },
      { listeners: { g: { off: false } } },
    );
    await app.template.syncSend('off', 'x');
    await app.template.syncSend('on', 'x');
    expect(await inbox.take()).toEqual(['on x']);
    expect(registry.get('g').listeners.map(({ topic }) => topic)).toEqual(['on']);
  });

  it('in groups and topics of any name', async () => {
    const { registry } = await open({ topic: 'constructor', consumerGroup: 'constructor' });
    expect(registry.list()).toHaveLength(1);
  });

  it('is registered, and started when the application wants it, with autoStart: false', async () => {
    const { app, inbox, registry } = await open({ topic: 't' }, { autoStart: false });
    expect(registry.list().map(({ state }) => state)).toEqual(['STOPPED']);
    await Promise.all(registry.list().map((handle) => handle.start()));
    await app.template.syncSend('t', 'x');
    expect(await inbox.take()).toEqual(['t x']);
  });
});

describe('a filter', () => {
  it('keeps messages from the listener, which count as consumed', async () => {
    const clock = new VirtualClock();
    const inbox = new Inbox<number>();
    const filter = (message: MessageExt) => message.getProperty('tenant') === 'shop';
    const app = await startApp({
      clock,
      providers: [
        listener<number>({ topic: 't', consumerGroup: 'g', messageType: Number, filter }, inbox.push),
      ],
    });
    const of = (tenant: string) => ({ properties: { tenant } });
    await app.template.syncSendOrderly('t', 'no number', 'key', of('other'));
    await app.template.syncSendOrderly('t', 1, 'key', of('shop'));
    await app.template.syncSendOrderly('t', 2, 'key', of('other'));
    await app.template.syncSendOrderly('t', 3, 'key', of('shop'));
    expect((await inbox.take(2)).toSorted()).toEqual([1, 3]);
    const registry = app.module.get(RocketMQListenerRegistry, { strict: false });
    expect(registry.get('g').listeners).toMatchObject([{ topic: 't', filtered: 2 }]);
    await clock.advance(60_000);
    expect(inbox.received).toHaveLength(2);
    expect(await app.stored('%RETRY%g')).toEqual([]);
  });

  it('works in order, for batches, and for all listeners', async () => {
    const filter = ({ tags }: MessageExt) => tags === 'x';
    const inbox = new Inbox<unknown>();
    const app = await startApp({
      rocketmq: { consumer: { filter } },
      providers: [
        listener({ topic: 't', consumerGroup: 'a', consumeMode: 'ORDERLY' }, inbox.push),
        listener({ topic: 't', consumerGroup: 'b', batch: { size: 8 } }, inbox.push),
        listener({ topic: 't', consumerGroup: 'c', consumeMessageBatchMaxSize: 8 }, inbox.push),
        listener({ topic: 't', consumerGroup: 'd', filter: () => true }, inbox.push),
      ],
    });
    await app.template.syncSendOrderly('t:y', 'y', 'key');
    await app.template.syncSendOrderly('t:x', 'x', 'key');
    expect((await inbox.take(5)).flat().toSorted()).toEqual(['x', 'x', 'x', 'x', 'y']);
  });

  it.each<[string, () => unknown, string]>([
    [
      'throws',
      () => {
        throw new Error('no such tenant');
      },
      'Error: no such tenant',
    ],
    [
      'is asynchronous',
      async () => true,
      'The filter of TestListener returned [object Promise]; allowed: true or false',
    ],
  ])('that %s fails the message', async (_name, filter, text) => {
    const inbox = new Inbox();
    const app = await startApp({
      providers: [listener({ topic: 't', consumerGroup: 'g', filter: filter as () => boolean }, inbox.push)],
    });
    await app.template.syncSend('t', 'x');
    expect(await app.logger.logged('failed (attempt 1, group g)')).toContain(text);
    expect(inbox.received).toEqual([]);
  });
});
