import { describe, expect, it } from 'vitest';
import { ConfigurationError, RocketMQMessageListener } from '../../lib/index.js';
import { startListening, timed, type Attempt, type ListenerSetup } from '../support/listener-app.js';
import { createApp, gate } from '../support/nest-app.js';
import { SECOND, settle } from '../support/virtual-clock.js';

class PaymentError extends Error {}
class CardError extends PaymentError {}

const fail = () => {
  throw new PaymentError('not yet');
};

describe('delayLevelWhenNextConsume', () => {
  it('as an array is a level for each attempt, the last for all others', async () => {
    const { app, clock, attempts, dead } = await startListening(fail, {
      delayLevelWhenNextConsume: [1, 3, 2],
      maxReconsumeTimes: 4,
    });
    await app.template.syncSend('t', 'x');
    await attempts.take();
    for (const [index, seconds] of [1, 10, 5, 5].entries()) {
      await settle(20);
      await clock.advance(seconds * SECOND);
      await attempts.take(index + 2);
    }
    expect(attempts.received.map(timed)).toEqual([
      'x 0 at 0',
      'x 1 at 1000',
      'x 2 at 11000',
      'x 3 at 16000',
      'x 4 at 21000',
    ]);
    await dead.take();
  });

  it('with -1 at its end makes a message dead before maxReconsumeTimes', async () => {
    const { app, clock, attempts, dead } = await startListening(fail, { delayLevelWhenNextConsume: [1, -1] });
    await app.template.syncSend('t', 'x');
    await attempts.take();
    await settle(20);
    await clock.advance(SECOND);
    expect((await dead.take())[0]!.getProperty('DLQ_REASON')).toBe('Error: not yet');
    expect(attempts.received).toHaveLength(2);
  });

  it('as a function is asked after each failure, with message and error', async () => {
    const asked: unknown[] = [];
    const { app, clock, attempts } = await startListening(fail, {
      delayLevelWhenNextConsume: ({ reconsumeTimes }, error) => {
        asked.push([reconsumeTimes, String(error)]);
        return reconsumeTimes + 1;
      },
    });
    await app.template.syncSend('t', 'x');
    await attempts.take();
    await settle(20);
    await clock.advance(SECOND);
    await attempts.take(2);
    await settle(20);
    await clock.advance(5 * SECOND);
    expect((await attempts.take(3)).map(timed)).toEqual(['x 0 at 0', 'x 1 at 1000', 'x 2 at 6000']);
    expect(asked.slice(0, 2)).toEqual([
      [0, 'Error: not yet'],
      [1, 'Error: not yet'],
    ]);
  });

  it.each<[() => unknown, string]>([
    [() => 19, 'delayLevelWhenNextConsume returned 19; allowed: an integer from -1 to 18'],
    [async () => 3, 'delayLevelWhenNextConsume returned [object Promise]'],
    [fail, 'Error: not yet'],
  ])('as a function that returns none is 0, and its error is logged', async (levels, text) => {
    const { app, clock, attempts } = await startListening(() => Promise.reject(new Error('other')), {
      delayLevelWhenNextConsume: levels as () => number,
    });
    await app.template.syncSend('t', 'x');
    expect(await app.logger.logged('failed (attempt 1')).toContain(text);
    await settle(20);
    await clock.advance(10 * SECOND);
    expect((await attempts.take(2)).map(timed)).toEqual(['x 0 at 0', 'x 1 at 10000']);
  });
});

describe('retryFor', () => {
  const errors: Record<string, Error> = {
    payment: new PaymentError('payment'),
    card: new CardError('card'),
    other: new RangeError('other'),
  };
  const throwing = ({ text }: Attempt) => {
    throw errors[text]!;
  };

  it.each<[string, ListenerSetup]>([
    ['by the listener', { retryFor: [PaymentError] }],
    ['by the module', { consumer: { retryFor: [PaymentError] } }],
  ])('brings back after its errors alone, %s', async (_name, setup) => {
    const { app, clock, attempts, dead } = await startListening(throwing, {
      delayLevelWhenNextConsume: 1,
      ...setup,
    });
    for (const text of Object.keys(errors)) await app.template.syncSend('t', text);
    const [message] = await dead.take();
    expect(message!.body.toString()).toBe('other');
    expect(message!.getProperty('DLQ_REASON')).toBe('RangeError: other');
    await attempts.take(3);
    await settle(20);
    await clock.advance(SECOND);
    const again = (await attempts.take(5)).filter(({ times }) => times === 1);
    expect(again.map(timed).toSorted()).toEqual(['card 1 at 1000', 'payment 1 at 1000']);
  });

  it('leaves what noRetryFor names', async () => {
    const { app, dead } = await startListening(throwing, {
      retryFor: [PaymentError],
      noRetryFor: [CardError],
    });
    await app.template.syncSend('t', 'card');
    expect((await dead.take())[0]!.body.toString()).toBe('card');
  });

  it('says nothing of payloads that cannot be read', async () => {
    const { app, clock, attempts } = await startListening(() => {}, {
      messageType: Number,
      badPayload: 'RETRY',
      retryFor: [PaymentError],
    });
    await app.template.syncSend('t', 'no number');
    await app.logger.logged('failed (attempt 1');
    await settle(20);
    await clock.advance(10 * SECOND);
    await app.logger.logged('failed (attempt 2');
    expect(attempts.received).toEqual([]);
  });
});

describe('localRetry', () => {
  it('calls the listener again before the broker does, and counts as one attempt', async () => {
    const { app, clock, attempts } = await startListening(({ times }) => times === 0 && fail(), {
      localRetry: { attempts: 2, delayMs: 500 },
      delayLevelWhenNextConsume: 1,
    });
    await app.template.syncSend('t', 'x');
    await attempts.take();
    const line = await app.logger.logged('TestListener failed with message');
    expect(line).toContain('of topic t, and is called again (1 of 2): Error: not yet');
    for (const count of [2, 3]) {
      await clock.advance(500);
      await attempts.take(count);
    }
    await app.logger.logged('failed (attempt 1, group g)');
    await settle(20);
    await clock.advance(SECOND);
    await attempts.take(4);
    expect(attempts.received.map(timed)).toEqual(['x 0 at 0', 'x 0 at 500', 'x 0 at 1000', 'x 1 at 2000']);
  });

  it('and what follows it leave what a payload says within its line of the log', async () => {
    const { app, clock, attempts } = await startListening(
      ({ text }) => Promise.reject(new Error(`no order "${text}"`)),
      { localRetry: { attempts: 1, delayMs: 500 } },
    );
    await app.template.syncSend('t', 'x\nERROR forged\x1b[2J');
    await attempts.take();
    const first = await app.logger.logged('is called again (1 of 1)');
    await clock.advance(500);
    for (const line of [first, await app.logger.logged('failed (attempt 1')])
      expect(line).toMatch(/Error: no order "x\\nERROR forged\\u001b\[2J"$/);
  });

  it.each<[string, ListenerSetup]>([
    ['in order', { consumeMode: 'ORDERLY' }],
    ['of broadcast messages', { messageModel: 'BROADCASTING' }],
    ['of a batch', { batch: { size: 8 } }],
    ['of several messages together', { consumeMessageBatchMaxSize: 8 }],
    ['for all listeners', { consumer: { localRetry: { attempts: 1, delayMs: 0 } }, localRetry: undefined }],
  ])('that succeeds is the end of it, %s', async (_name, setup) => {
    const { clock, app, attempts } = await startListening(
      () => {
        if (attempts.received.length === 1) fail();
      },
      { localRetry: { attempts: 1, delayMs: 0 }, ...setup },
    );
    await app.template.syncSend('t', 'x');
    await attempts.take();
    await app.logger.logged('is called again (1 of 1)');
    await settle();
    await clock.advance(0);
    await attempts.take(2);
    await clock.advance(60 * SECOND);
    expect(attempts.received.map(timed)).toEqual(['x 0 at 0', 'x 0 at 0']);
  });

  it('is not for errors after which a message is dead', async () => {
    const { app, attempts, dead } = await startListening(fail, {
      localRetry: { attempts: 3 },
      noRetryFor: [PaymentError],
    });
    await app.template.syncSend('t', 'x');
    await dead.take();
    expect(attempts.received).toHaveLength(1);
  });

  it('ends with the call when that took too long', async () => {
    const { opened, open: letGo } = gate();
    const { app, clock, attempts } = await startListening(() => opened.then(fail), {
      localRetry: { attempts: 3 },
      consumeTimeout: 1,
    });
    await app.template.syncSend('t', 'x');
    await attempts.take();
    await clock.advance(60 * SECOND);
    letGo();
    await settle();
    await clock.advance(SECOND);
    expect(attempts.received).toHaveLength(1);
  });

  it('ends at the shutdown, and the message comes again', async () => {
    const { app, clock, attempts } = await startListening(fail, {
      localRetry: { attempts: 3, delayMs: 60_000 },
      awaitTerminationMillisWhenShutdown: 1000,
    });
    await app.template.syncSend('t', 'x');
    await attempts.take();
    await app.logger.logged('is called again (1 of 3)');
    const closing = app.close();
    await settle(20);
    await clock.advance(1000);
    await closing;
    expect(attempts.received).toHaveLength(1);
    await app.logger.logged('still run 1000 ms after the shutdown began, and their messages come again');
  });

  it.each<[object, string]>([
    [
      { localRetry: {} },
      '(Wrong).localRetry is [object Object]; allowed: { attempts: 1 to 100, delayMs: 0 to 60000 }',
    ],
    [{ localRetry: { attempts: 0 } }, 'localRetry is'],
    [{ localRetry: { attempts: 1, delayMs: -1 } }, 'localRetry is'],
    [{ localRetry: { attempts: 1, times: 1 } }, 'localRetry is'],
    [
      { retryFor: Error },
      '(Wrong).retryFor is function Error() { [native code] }; allowed: an array of classes',
    ],
    [
      { delayLevelWhenNextConsume: [] },
      '.delayLevelWhenNextConsume is ; allowed: an integer from -1 to 18, an array',
    ],
    [{ delayLevelWhenNextConsume: [1, 19] }, '.delayLevelWhenNextConsume is 1,19; allowed'],
    [{ filter: 'x' }, '(Wrong).filter is "x"; allowed: a function that returns true or false'],
    [
      { offsetStore: {} },
      '(Wrong).offsetStore is [object Object]; allowed: a function that returns an OffsetStore',
    ],
  ])('and other options are checked: %j', async (options, text) => {
    @RocketMQMessageListener({ topic: 't', ...options })
    class Wrong {
      onMessage(): void {}
    }
    const app = await createApp({ providers: [Wrong] });
    const error = await app.start().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toContain(text);
  });
});
