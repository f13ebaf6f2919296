import { describe, expect, it } from 'vitest';
import { sleep } from '../../lib/common/clock.js';
import {
  Ack,
  DeadLetter,
  Retry,
  RocketMQAdmin,
  RocketMQListenerRegistry,
  type RocketMQMessageListenerOptions,
} from '../../lib/index.js';
import { startListening, type Attempt, type ListenerSetup } from '../support/listener-app.js';
import { listener, startApp, type TestApp } from '../support/nest-app.js';
import { SECOND } from '../support/virtual-clock.js';

/** Virtual milliseconds in which a broker notices that a message is due again, beside the delay itself. */
const REVIVAL = 15 * SECOND;
const APPLICATION: ListenerSetup = {
  engine: { defaultMessageRequestMode: 'POP' },
  consumer: { consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET' },
};

/** An application whose listener pops. */
async function open(options: ListenerSetup = {}, handle: (attempt: Attempt) => unknown = () => Ack) {
  const opened = await startListening(handle, { ...APPLICATION, clientRebalance: false, ...options });
  const until = (condition: () => boolean, millis = REVIVAL) =>
    opened.clock.advanceUntil(condition, millis, 500);
  return { ...opened, until };
}

const modeOf = (app: TestApp) => app.module.get(RocketMQAdmin, { strict: false });

describe('a listener that pops', () => {
  it('gets what is sent, and nothing of it again', async () => {
    const { app, clock, attempts } = await open();
    for (let i = 0; i < 20; i++) await app.template.syncSend('t', `${i}`);
    await attempts.take(20);
    await clock.advance(120 * SECOND);
    expect(attempts.received.map(({ text }) => Number(text)).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, i) => i),
    );
  });

  it('tries a message again after 10, 30 and 60 s, and then gives it to the dead-letter queue', async () => {
    const { app, attempts, dead, until } = await open({ maxReconsumeTimes: 3 }, () => {
      throw new Error('not yet');
    });
    const { msgId } = await app.template.syncSend('t:tag', 'x', { keys: 'k' });
    await attempts.take();
    for (const [index, seconds] of [10, 30, 60].entries()) {
      await until(() => attempts.received.length > index + 1, seconds * SECOND + REVIVAL);
      const [before, after] = attempts.received.slice(index);
      expect(after!.at - before!.at).toBeGreaterThanOrEqual(seconds * SECOND);
    }
    const [message] = await dead.take();
    expect(attempts.received.map(({ times }) => times)).toEqual([0, 1, 2, 3]);
    expect(message).toMatchObject({ msgId, tags: 'tag', keys: 'k' });
    expect(message!.getProperty('RETRY_TOPIC')).toBe('t');
    expect(message!.getProperty('DLQ_REASON')).toBeUndefined();
  });

  it('returns outcomes', async () => {
    const outcomes: Record<string, unknown> = {
      dead: DeadLetter('no such order'),
      again: Retry({ delayLevel: 1 }),
    };
    const { app, attempts, dead, until } = await open({}, ({ text, times }) =>
      times === 0 ? outcomes[text] : Ack,
    );
    await app.template.syncSend('t', 'dead');
    await app.template.syncSend('t', 'again');
    const [message] = await dead.take();
    expect(message!.getProperty('DLQ_REASON')).toBe('no such order');
    await until(() => attempts.received.length === 3, 30 * SECOND + REVIVAL);
    const again = attempts.received.filter(({ text }) => text === 'again');
    expect(again[1]!.at - again[0]!.at).toBeGreaterThanOrEqual(30 * SECOND);
  });

  it('has batches with an outcome for each message', async () => {
    const batches: string[][] = [];
    const app = await startApp({
      rocketmq: APPLICATION,
      providers: [
        listener<string[]>(
          { topic: 't', consumerGroup: 'g', clientRebalance: false, batch: { size: 3, lingerMs: 60_000 } },
          (texts) => {
            batches.push(texts);
            return texts.map((text) => (text === 'bad' ? DeadLetter('bad') : Ack));
          },
        ),
      ],
    });
    await app.template.syncSend('t', ['a', 'bad', 'c']);
    await expect.poll(() => batches.length).toBe(1);
    expect(batches[0]!.toSorted()).toEqual(['a', 'bad', 'c']);
    await expect.poll(async () => (await app.stored('%DLQ%g')).length).toBe(1);
  });

  it('gives back only the message that failed of those that were handed over together', async () => {
    const { app, attempts, until } = await open({ consumeMessageBatchMaxSize: 8 }, ({ text, times }) => {
      if (text === 'bad' && times === 0) throw new Error('not yet');
    });
    await app.template.syncSend('t', ['a', 'bad', 'c']);
    await until(() => attempts.received.length >= 4, 10 * SECOND + REVIVAL);
    expect(attempts.received.map(({ text }) => text)).toEqual(['a', 'bad', 'c', 'bad']);
  });

  it('has the only attempt at a message also when it was paused for longer than that had time', async () => {
    const config = { maxReconsumeTimes: 0, consumeThreadNumber: 1, popInvisibleTime: 10_000 };
    const { app, attempts, clock, until } = await open(config, async ({ text }) => {
      if (text === 'first') await sleep(clock, 5 * SECOND);
    });
    await app.template.syncSend('t', 'first');
    await attempts.take();
    await app.template.syncSend('t', 'second');
    await clock.advance(0);
    const registry = app.module.get(RocketMQListenerRegistry, { strict: false });
    registry.get('g').pause();
    await clock.advance(20 * SECOND);
    expect(attempts.received).toHaveLength(1);
    registry.get('g').resume();
    await until(() => attempts.received.length === 2);
    expect(attempts.received[1]).toMatchObject({ text: 'second', times: 1 });
    expect(await app.stored('%DLQ%g')).toEqual([]);
  });

  it('has no other attempt at a message when the last one has taken too long', async () => {
    const { app, attempts, clock, dead } = await open({ maxReconsumeTimes: 0 }, async () => {
      await sleep(clock, 100 * SECOND);
    });
    await app.template.syncSend('t', 'x');
    await attempts.take();
    await clock.advance(60 * SECOND);
    await dead.take();
    await clock.advance(120 * SECOND);
    expect([attempts.received.length, (await app.stored('%DLQ%g')).length]).toEqual([1, 1]);
  });

  it('follows the mode of its group', async () => {
    const { app, attempts, clock } = await open();
    await app.template.syncSend('t', 'popped');
    await attempts.take();
    await modeOf(app).setMessageRequestMode('t', 'g', 'PULL');
    // At once, and not with the next look.
    await clock.advance(SECOND);
    await app.template.syncSend('t', 'pulled');
    await attempts.take(2);
    const registry = app.module.get(RocketMQListenerRegistry, { strict: false });
    await registry.get('g').resetOffset({ to: 'first' });
    await attempts.take(4);
    await modeOf(app).setMessageRequestMode('t', 'g', 'POP', 1);
    await clock.advance(SECOND);
    await expect(registry.get('g').resetOffset({ to: 'first' })).rejects.toThrow('Group g pops from topic t');
  });

  it('refuses modes and shares that there are not', async () => {
    const admin = modeOf((await open()).app);
    await expect(admin.setMessageRequestMode('t', 'g', 'PUSH' as 'POP')).rejects.toThrow(
      'mode is "PUSH"; allowed: PULL, POP',
    );
    await expect(admin.setMessageRequestMode('t', 'g', 'POP', -1)).rejects.toThrow('popShareQueueNum is -1');
    await expect(admin.setMessageRequestMode('unknown', 'g', 'POP')).rejects.toThrow('unknown');
  });

  it.each<[Partial<RocketMQMessageListenerOptions>, string]>([
    [{ popInvisibleTime: 1000 }, 'popInvisibleTime is 1000; allowed: an integer from 5000 to 300000'],
    [{ popBatchNums: 0 }, 'popBatchNums is 0'],
    [{ allocateMessageQueueStrategy: 'CONSISTENT_HASH' }, 'CONSISTENT_HASH, which brokers do not know'],
  ])('is refused with %j', async (options, text) => {
    await expect(open(options)).rejects.toThrow(text);
  });
});
