import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MessageExt } from '../../../lib/common/message-ext.js';
import type { ConsumerConfig } from '../../../lib/client/index.js';
import { RateWindow } from '../../../lib/client/consumer/rate-window.js';
import { message, startConsumer, startProducer } from '../../support/test-peers.js';
import { startEngine } from '../../support/test-engine.js';
import { SECOND, VirtualClock } from '../../support/virtual-clock.js';

describe('a rate window', () => {
  it('never lets more than max events into any time of its length', () => {
    const steps = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 100 }),
        steps,
        (max, length, gaps) => {
          const window = new RateWindow({ max, durationMs: length });
          const times: number[] = [];
          let now = 0;
          for (const gap of gaps) {
            now += gap;
            const wait = window.waitAt(now);
            // Nothing waits longer than it must.
            expect(wait).toBe(Math.max(0, (times.at(-max) ?? -Infinity) + length - now));
            if (wait > 0) continue;
            window.note(now);
            times.push(now);
          }
        },
      ),
    );
  });

  it('does not wait for a time that was set back', () => {
    const window = new RateWindow({ max: 1, durationMs: 10 });
    window.note(1_000_000);
    expect(window.waitAt(5)).toBe(0);
  });
});

/** A consumer of a topic with one queue, whose calls are noted with their seconds. */
async function open(mode: 'concurrently' | 'orderly', count: number, config: Partial<ConsumerConfig>) {
  const clock = new VirtualClock();
  const engine = await startEngine({ clock });
  const producer = startProducer(engine, { clock });
  for (let i = 0; i < count; i++)
    await producer.send(message('t', `${i}`), { selector: ([first]) => first! });
  const begin = clock.now();
  const calls: number[] = [];
  const note =
    <S>(success: S) =>
    (messages: readonly MessageExt[]): S => {
      expect(messages).toHaveLength(1);
      calls.push((clock.now() - begin) / SECOND);
      return success;
    };
  const listener =
    mode === 'orderly'
      ? { orderly: note('SUCCESS' as const) }
      : { concurrently: note('CONSUME_SUCCESS' as const) };
  const consumer = await startConsumer(engine, 'g', { t: '*' }, listener, { clock, consumer: config });
  await clock.advance(0);
  return { clock, calls, consumer };
}

describe.each(['concurrently', 'orderly'] as const)('a consumer with a rate limit, %s', (mode) => {
  it('begins at most so many calls within the time, and all of them in the end', async () => {
    const { clock, calls } = await open(mode, 10, { rateLimit: { max: 3, durationMs: 2 * SECOND } });
    expect(calls).toEqual([0, 0, 0]);
    await clock.advance(7 * SECOND);
    expect(calls).toEqual([0, 0, 0, 2, 2, 2, 4, 4, 4, 6]);
  });

  it('leaves in the broker what it cannot handle soon', async () => {
    const { clock, calls, consumer } = await open(mode, 200, {
      rateLimit: { max: 2, durationMs: SECOND },
      pullBatchSize: 8,
    });
    for (let second = 1; second <= 20; second++) {
      await clock.advance(SECOND);
      const [info] = [...consumer.admin.runningInfo().mqTable].filter(
        ([{ topic, queueId }]) => topic === 't' && queueId === 0,
      );
      expect(info![1].cachedMsgCount).toBeLessThanOrEqual(2 + 8);
    }
    expect(calls).toHaveLength(42);
  });

  it('begins nothing any more when it is shut down', async () => {
    const { clock, calls, consumer } = await open(mode, 5, { rateLimit: { max: 1, durationMs: SECOND } });
    await consumer.shutdown();
    await clock.advance(10 * SECOND);
    expect(calls).toHaveLength(1);
  });
});

it.each([{ max: 0, durationMs: 1 }, { max: 1 }, { max: 1, durationMs: 1, burst: 2 }, 5])(
  'refuses the rate limit %j',
  async (rateLimit) => {
    await expect(open('concurrently', 0, { rateLimit: rateLimit as never })).rejects.toThrow(
      'allowed: { max: 1 to 100000, durationMs: 1 to 86400000 }',
    );
  },
);
