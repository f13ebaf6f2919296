import { Injectable } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import {
  ConfigurationError,
  MessageExt,
  MQClientError,
  RocketMQListenerRegistry,
  type RocketMQMessageListenerOptions,
} from '../../lib/index.js';
import { eventually } from '../support/eventually.js';
import { featureModule, gate, Inbox, listener, startApp } from '../support/nest-app.js';
import { settle, VirtualClock } from '../support/virtual-clock.js';

/** An application with a listener, and its registry. */
async function open(
  options: Partial<RocketMQMessageListenerOptions> = {},
  handle: (text: string) => unknown = () => undefined,
  clock = new VirtualClock(),
) {
  const inbox = new Inbox<string>();
  const listening = (text: string) => {
    inbox.push(text);
    return handle(text);
  };
  const app = await startApp({
    clock,
    providers: [listener({ topic: 't', consumerGroup: 'g', messageType: String, ...options }, listening)],
  });
  const registry = app.module.get(RocketMQListenerRegistry, { strict: false });
  const send = async (...texts: string[]) => {
    for (const text of texts) await app.template.syncSendOrderly('t', text, 'key');
  };
  return { app, clock, inbox, send, registry, handle: registry.get('g') };
}

describe('the registry of listeners', () => {
  it('tells what there is, and can be injected anywhere', async () => {
    @Injectable()
    class Operator {
      constructor(readonly registry: RocketMQListenerRegistry) {}
    }
    const app = await startApp({
      imports: [featureModule({ providers: [Operator] })],
      providers: [
        listener({ topic: 't', consumerGroup: 'g', selectorExpression: 'a || b' }, () => {}),
        listener({ topic: 'u', consumerGroup: 'g' }, () => {}),
        listener({ topic: 'u', consumerGroup: 'h', consumeThreadNumber: 3 }, () => {}),
      ],
    });
    const { registry } = app.module.get(Operator, { strict: false });
    expect(registry.list().map(({ group }) => group)).toEqual(['g', 'h']);
    expect(registry.get('g')).toMatchObject({
      state: 'RUNNING',
      concurrency: 20,
      listeners: [
        { name: 'TestListener', topic: 't', tags: ['a', 'b'] },
        { name: 'TestListener', topic: 'u', tags: [] },
      ],
    });
    expect(registry.get('h').concurrency).toBe(3);
    expect(() => registry.get('x')).toThrow('No listener is in consumer group "x"; there are: g, h');
  });

  it.each(['CONCURRENTLY', 'ORDERLY'] as const)(
    'pauses and resumes without losing a message, %s',
    async (mode) => {
      const { clock, inbox, send, handle } = await open({ consumeMode: mode });
      await send('a');
      await inbox.take();
      handle.pause();
      expect(handle.state).toBe('PAUSED');
      await send('b', 'c');
      await clock.advance(60_000);
      expect(inbox.received).toEqual(['a']);
      handle.resume();
      await clock.advance(1000);
      expect((await inbox.take(3)).toSorted()).toEqual(['a', 'b', 'c']);
      await clock.advance(20_000);
      expect(inbox.received).toHaveLength(3);
    },
  );

  it('pauses while a message is being handled, which ends', async () => {
    const { opened, open: release } = gate();
    const { app, clock, inbox, send, handle } = await open({ consumeThreadNumber: 1 }, () => opened);
    await send('a', 'b');
    await inbox.take();
    handle.pause();
    release();
    await settle();
    await clock.advance(1000);
    expect(inbox.received).toEqual(['a']);
    await app.close();
    expect(inbox.received).toEqual(['a']);
  });

  it('stops and starts a group, which goes on where it was', async () => {
    const { clock, inbox, send, handle } = await open();
    await send('a');
    await inbox.take();
    await handle.stop();
    expect(handle.state).toBe('STOPPED');
    expect(() => handle.pause()).toThrow(MQClientError);
    await expect(handle.resetOffset({ to: 'first' })).rejects.toThrow('do not run: start them first');
    await send('b');
    await clock.advance(60_000);
    expect(inbox.received).toEqual(['a']);
    await Promise.all([handle.start(), handle.start()]);
    expect(await inbox.take(2)).toEqual(['a', 'b']);
    await Promise.all([handle.stop(), handle.start()]);
    await send('c');
    expect(await inbox.take(3)).toEqual(['a', 'b', 'c']);
  });

  it('starts later what has autoStart: false', async () => {
    const { clock, inbox, send, handle } = await open({
      autoStart: false,
      consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
    });
    expect(handle.state).toBe('STOPPED');
    await send('a');
    await clock.advance(60_000);
    expect(inbox.received).toEqual([]);
    await handle.start();
    expect(await inbox.take()).toEqual(['a']);
  });

  it.each([undefined, { size: 1 }])('changes how many calls run at once, batch %j', async (batch) => {
    const { opened, open: release } = gate();
    const { inbox, send, handle } = await open({ consumeThreadNumber: 1, batch }, () => opened);
    await send('a', 'b', 'c', 'd');
    await inbox.take();
    await settle();
    expect(inbox.received).toHaveLength(1);
    handle.setConcurrency(3);
    await inbox.take(3);
    await settle();
    expect(inbox.received).toHaveLength(3);
    release();
    await inbox.take(4);
    expect(() => handle.setConcurrency(0)).toThrow(ConfigurationError);
    expect(handle.concurrency).toBe(3);
  });

  it('resets offsets: to the first and the last message, and to a time', async () => {
    const { clock, inbox, send, handle } = await open();
    await send('a');
    await clock.advance(10_000);
    const time = new Date(clock.now());
    await send('b', 'c');
    expect(await inbox.take(3)).toEqual(['a', 'b', 'c']);
    await handle.resetOffset({ to: 'first' });
    expect((await inbox.take(6)).slice(3)).toEqual(['a', 'b', 'c']);
    await handle.resetOffset({ to: time, topic: 't' });
    expect((await inbox.take(8)).slice(6)).toEqual(['b', 'c']);
    handle.pause();
    await send('d');
    await handle.resetOffset({ to: 'last' });
    handle.resume();
    await clock.advance(1000);
    await send('e');
    expect((await inbox.take(9)).slice(8)).toEqual(['e']);
    await expect(handle.resetOffset({ to: 'last', topic: 'x' })).rejects.toThrow(
      'listens to topic "x"; there are: t',
    );
  });

  it.each([new Date(NaN), 'latest', 0, undefined])('resets no offset to %s', async (to) => {
    const { inbox, send, handle } = await open();
    await send('a');
    await inbox.take();
    const reset = handle.resetOffset({ to: to as never });
    await expect(reset).rejects.toThrow(ConfigurationError);
    await expect(reset).rejects.toThrow("allowed: 'first', 'last' or a valid Date");
  });

  it('seeks in one queue', async () => {
    const queues = new Inbox<MessageExt>();
    const { inbox, send, handle } = await open({ messageType: MessageExt }, ((message: MessageExt) =>
      queues.push(message)) as never);
    await send('a', 'b');
    const [, second] = await queues.take(2);
    const { topic, brokerName, queueId } = second!;
    await handle.seek({ topic, brokerName, queueId }, second!.queueOffset);
    expect((await queues.take(3))[2]!.msgId).toBe(second!.msgId);
    await expect(handle.seek({ topic, brokerName, queueId }, -1)).rejects.toThrow('The offset -1');
    await eventually(() => inbox.received.length === 3);
  });

  it('starts nothing any more when the application ends', async () => {
    const { app, handle } = await open();
    await app.close();
    expect(handle.state).toBe('STOPPED');
    await expect(handle.start()).rejects.toThrow('the application ends');
  });
});
