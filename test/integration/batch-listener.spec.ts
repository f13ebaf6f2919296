import { UseGuards, ValidationPipe, type CanActivate } from '@nestjs/common';
import { APP_PIPE } from '@nestjs/core';
import { describe, expect, it } from 'vitest';
import {
  Ack,
  DeadLetter,
  MessageExt,
  Retry,
  RocketMQMessageListener,
  type RocketMQMessageListenerOptions,
} from '../../lib/index.js';
import { createApp, gate, Inbox, listener, startApp } from '../support/nest-app.js';
import { HOUR, SECOND, settle, VirtualClock } from '../support/virtual-clock.js';

/** An application with a batch listener of texts, and a listener of its dead-letter queue. */
async function open(
  options: Partial<RocketMQMessageListenerOptions>,
  handle: (texts: string[], messages: MessageExt[]) => unknown = () => undefined,
) {
  const clock = new VirtualClock();
  const batches = new Inbox<string[]>();
  const dead = new Inbox<string>();
  const listening = (texts: string[], messages: MessageExt[]) => {
    batches.push([...texts]);
    return handle(texts, messages);
  };
  const app = await startApp({
    clock,
    providers: [
      listener({ topic: 't', consumerGroup: 'g', messageType: String, ...options }, listening as never),
      listener<string>({ topic: '%DLQ%g', consumerGroup: 'dead', messageType: String }, dead.push),
    ],
  });
  const send = async (...texts: string[]) => {
    for (const text of texts) await app.template.syncSend('t', text);
  };
  return { app, clock, batches, dead, send };
}

describe('a batch listener', () => {
  it('is called as soon as there are `size` messages, from several queues', async () => {
    const { batches, send } = await open({ batch: { size: 3, lingerMs: 60_000 } });
    await send('a', 'b', 'c', 'd', 'e', 'f', 'g');
    const [first, second] = await batches.take(2);
    expect([...first!, ...second!].toSorted()).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    await settle();
    expect(batches.received).toHaveLength(2);
  });

  it('is called with what is there when the first message has waited for lingerMs', async () => {
    const { clock, batches, send } = await open({ batch: { size: 100, lingerMs: 500 } });
    await send('a');
    await settle();
    await clock.advance(400);
    await send('b');
    await settle();
    expect(batches.received).toEqual([]);
    await clock.advance(100);
    expect(await batches.take()).toEqual([['a', 'b']]);
  });

  it.each([
    ['back', -HOUR],
    ['forward', HOUR],
  ])('waits no other time when the clock is set %s', async (_, step) => {
    const { clock, batches, send } = await open({ batch: { size: 100, lingerMs: 500 } });
    await send('a');
    await settle();
    clock.set(clock.now() + step);
    await clock.advance(400);
    await send('b');
    await settle();
    expect(batches.received).toEqual([]);
    await clock.advance(100);
    expect(batches.received).toEqual([['a', 'b']]);
  });

  it('gets more messages than may be called at once, and is called consumeThreadNumber times at once', async () => {
    const { opened, open: release } = gate();
    const { batches, send } = await open(
      { batch: { size: 4, lingerMs: 60_000 }, consumeThreadNumber: 2 },
      () => opened,
    );
    await send(...Array.from({ length: 12 }, (_, i) => String(i)));
    await batches.take(2);
    await settle();
    expect(batches.received.map(({ length }) => length)).toEqual([4, 4]);
    release();
    expect((await batches.take(3)).map(({ length }) => length)).toEqual([4, 4, 4]);
  });

  it('says what becomes of each message', async () => {
    const { clock, batches, dead, send } = await open(
      { batch: { size: 3, lingerMs: 60_000 } },
      (texts, messages) =>
        texts.map((text, i) => {
          if (messages[i]!.reconsumeTimes > 0) return Ack;
          return { retry: Retry({ delayLevel: 1 }), dead: DeadLetter('why not') }[text];
        }),
    );
    await send('ok', 'retry', 'dead');
    await batches.take();
    expect(await dead.take()).toEqual(['dead']);
    await settle();
    await clock.advance(61 * SECOND);
    expect((await batches.take(2))[1]).toEqual(['retry']);
    await clock.advance(60 * SECOND);
    expect(batches.received).toHaveLength(2);
  });

  it('that throws gets all its messages again, and that answers for another number, too', async () => {
    let failures = 0;
    const { app, clock, batches, send } = await open(
      { batch: { size: 2, lingerMs: 60_000 }, delayLevelWhenNextConsume: 1 },
      () => {
        if (++failures === 1) throw new Error('disk full');
        return failures === 2 ? [Ack] : undefined;
      },
    );
    await send('a', 'b');
    for (const count of [1, 2, 3]) {
      await batches.take(count);
      await settle();
      await clock.advance(SECOND);
    }
    expect(batches.received.map((batch) => batch.toSorted())).toEqual([
      ['a', 'b'],
      ['a', 'b'],
      ['a', 'b'],
    ]);
    expect(await app.logger.logged('(attempt 1')).toContain('disk full');
    expect(await app.logger.logged('(attempt 2')).toContain('returned 1 outcomes for 2 messages');
  });

  it('handles what it has gathered when the application closes', async () => {
    const { app, batches, send } = await open({ batch: { size: 100, lingerMs: 60_000 } });
    await send('a');
    await settle();
    expect(batches.received).toEqual([]);
    await app.close();
    expect(batches.received).toEqual([['a']]);
  });

  it.each([
    ['a batch was full', ['a', 'b']],
    ['it was closed', ['a']],
  ])('leaves no timer behind when %s', async (_, texts) => {
    const { app, clock, batches, send } = await open({ batch: { size: 2, lingerMs: HOUR / 60 } });
    await send(...texts);
    await settle();
    await app.close();
    expect(batches.received.flat().toSorted()).toEqual(texts);
    expect(clock.hasTimers).toBe(false);
  });

  it('gets no message that cannot be read', async () => {
    const { batches, dead, send } = await open({ batch: { size: 2, lingerMs: 60_000 }, messageType: Object });
    await send('1', '{', '2');
    expect(await dead.take()).toEqual(['{']);
    expect((await batches.take())[0]!.map(Number).toSorted()).toEqual([1, 2]);
  });

  it('is behind guards and pipes', async () => {
    const asked = new Inbox<unknown[]>();
    class Guard implements CanActivate {
      canActivate(context: { getArgs(): unknown[] }): boolean {
        asked.push(context.getArgs());
        return true;
      }
    }
    const got = new Inbox<string[]>();
    class Batches {
      @UseGuards(Guard)
      @RocketMQMessageListener('t', { batch: { size: 2, lingerMs: 1000 }, messageType: String })
      onBatch(texts: string[]): void {
        got.push(texts);
      }
    }
    const app = await startApp({
      providers: [Batches, { provide: APP_PIPE, useValue: new ValidationPipe({ transform: true }) }],
    });
    await app.template.syncSend('t', ['a', 'b']);
    expect(await got.take()).toEqual([['a', 'b']]);
    expect(asked.received[0]).toEqual([
      ['a', 'b'],
      [expect.any(MessageExt), expect.any(MessageExt)],
      expect.objectContaining({ isAborted: false }),
    ]);
  });
});

describe('the application does not start with a batch', () => {
  const batch = { size: 2 };
  it.each<[string, Partial<RocketMQMessageListenerOptions>, string]>([
    ['in order', { batch, consumeMode: 'ORDERLY' }, 'has a batch and is ORDERLY'],
    ['of replies', { batch, reply: true }, 'has a batch and replies'],
    [
      'without a size',
      { batch: { lingerMs: 3 } as never },
      'allowed: { size: 1 to 1024, lingerMs: 0 to 60000 }',
    ],
    ['too large', { batch: { size: 1025 } }, 'allowed: { size: 1 to 1024'],
    ['with an unknown option', { batch: { size: 1, linger: 3 } as never }, 'allowed: { size: 1 to 1024'],
  ])('%s', async (_, options, text) => {
    const app = await createApp({ providers: [listener({ topic: 't', ...options }, () => {})] });
    await expect(app.start()).rejects.toThrow(text);
  });

  it('beside a listener of its group without one', async () => {
    const app = await createApp({
      providers: [
        listener({ topic: 'a', consumerGroup: 'g', batch }, () => {}),
        listener({ topic: 'b', consumerGroup: 'g' }, () => {}),
      ],
    });
    await expect(app.start()).rejects.toThrow('has a batch and TestListener has none');
  });
});
