import { ValidationPipe } from '@nestjs/common';
import { APP_PIPE } from '@nestjs/core';
import { describe, expect, it } from 'vitest';
import type { RocketMQListenerContext, RocketMQMessageListenerOptions } from '../../lib/index.js';
import { gate, Inbox, listener, startApp } from '../support/nest-app.js';
import { MINUTE, SECOND, VirtualClock } from '../support/virtual-clock.js';

/** An application whose listener notes its signals, and gives up when they say so. */
async function open(
  options: Partial<RocketMQMessageListenerOptions>,
  providers: object[] = [],
  awaitTerminationMillisWhenShutdown = 0,
) {
  const clock = new VirtualClock();
  const calls = new Inbox<{ readonly payload: unknown; readonly signal: AbortSignal }>();
  const handle = (payload: unknown, _: unknown, { signal }: RocketMQListenerContext) => {
    calls.push({ payload, signal });
    // Of those that came again nobody gives up any more.
    if (calls.received.length > 1) return undefined;
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
  };
  const common = { topic: 't', consumerGroup: 'g', messageType: String, consumeTimeout: 1 };
  const app = await startApp({
    clock,
    rocketmq: { consumer: { awaitTerminationMillisWhenShutdown } },
    providers: [listener({ ...common, ...options }, handle), ...(providers as never[])],
  });
  return { app, clock, calls };
}

describe('the signal of a listener', () => {
  it.each([
    ['without pipes', []],
    ['behind a pipe', [{ provide: APP_PIPE, useValue: new ValidationPipe() }]],
  ])('is aborted after consumeTimeout, %s', async (_, providers) => {
    const { app, clock, calls } = await open({}, providers);
    await app.template.syncSend('t', 'x');
    const [call] = await calls.take();
    expect(call!.payload).toBe('x');
    await clock.advance(MINUTE - 1);
    expect(call!.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(call!.signal.aborted).toBe(true);
    await clock.advance(10 * SECOND);
    await calls.take(2);
    // What it threw then is not a failure of its own.
    expect(app.logger.lines.filter((line) => line.includes('failed'))).toEqual([]);
  });

  it('is aborted when the application ends and waits no longer', async () => {
    const { app, clock, calls } = await open({}, [], 2000);
    await app.template.syncSend('t', 'x');
    const [call] = await calls.take();
    const closed = app.close();
    await clock.advance(1999);
    expect(call!.signal.aborted).toBe(false);
    await clock.advance(1);
    await closed;
    expect(call!.signal.aborted).toBe(true);
    await app.logger.logged('Listeners of group g still run 2000 ms after the shutdown began');
  });

  it('of messages that are handed over together does not end those that were not begun', async () => {
    const { app, clock, calls } = await open({ consumeMessageBatchMaxSize: 8 });
    await app.template.syncSendOrderly('t', ['a', 'b'], 'key');
    await calls.take();
    await clock.advance(MINUTE);
    const both = await calls.take(2);
    expect(both.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    await clock.advance(10 * SECOND);
    const all = await calls.take(3);
    expect(all.map(({ payload }) => payload)).toEqual(['a', 'b', 'a']);
  });

  it('of a batch is aborted when all of its messages have waited too long', async () => {
    const { app, clock, calls } = await open({ batch: { size: 2, lingerMs: 60_000 } });
    await app.template.syncSend('t', 'a');
    await clock.advance(20 * SECOND);
    await app.template.syncSend('t', 'b');
    const [call] = await calls.take();
    await clock.advance(MINUTE - 1);
    expect(call!.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(call!.signal.aborted).toBe(true);
  });

  it('leaves messages out of a batch that came again while they waited for it', async () => {
    const clock = new VirtualClock();
    const { opened, open: release } = gate();
    const batches = new Inbox<string[]>();
    const handle = (texts: string[]) => {
      batches.push(texts);
      return opened;
    };
    const options = { topic: 't', messageType: String, batch: { size: 2 }, consumeThreadNumber: 1 };
    const app = await startApp({ clock, providers: [listener({ ...options, consumeTimeout: 1 }, handle)] });
    await app.template.syncSend('t', 'a');
    await batches.take();
    await app.template.syncSend('t', 'b');
    await clock.advance(MINUTE + 10 * SECOND);
    expect(batches.received).toEqual([['a']]);
    release();
    await clock.advance(SECOND);
    const texts = batches.received.slice(1).flat();
    expect(texts.toSorted()).toEqual(['a', 'b']);
  });
});
