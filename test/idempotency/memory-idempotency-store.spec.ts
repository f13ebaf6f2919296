import { describe, expect, it } from 'vitest';
import { MemoryIdempotencyStore, type RocketMQIdempotencyAnswer } from '../../lib/index.js';
import { VirtualClock } from '../support/virtual-clock.js';

const TIMES = { ttl: 1000, lease: 100 };
type New = Extract<RocketMQIdempotencyAnswer, { state: 'NEW' }>;

function open(maxEntries?: number) {
  const clock = new VirtualClock();
  const store = new MemoryIdempotencyStore({ maxEntries }, clock);
  const take = (key: string): New => {
    const answer = store.begin(key, TIMES);
    expect(answer.state).toBe('NEW');
    return answer as New;
  };
  return { clock, store, take };
}

describe('the memory store', () => {
  it('gives a key once, until its time is over', async () => {
    const { clock, store, take } = open();
    const claim = take('a');
    await clock.advance(40);
    expect(store.begin('a', TIMES)).toEqual({ state: 'IN_PROGRESS', forMillis: 60 });
    await claim.done();
    await clock.advance(999);
    expect(store.begin('a', TIMES)).toEqual({ state: 'DONE' });
    await clock.advance(1);
    take('a');
  });

  it('gives a key again that was released, or whose lease is over', async () => {
    const { clock, store, take } = open();
    await take('a').release();
    const late = take('a');
    await clock.advance(100);
    take('a');
    await late.release();
    expect(store.begin('a', TIMES)).toMatchObject({ state: 'IN_PROGRESS' });
    await late.done();
    expect(store.begin('a', TIMES)).toEqual({ state: 'DONE' });
  });

  it('forgets first what was handled first, and last what is being handled', async () => {
    const { store, take } = open(3);
    take('busy');
    for (const key of ['a', 'b', 'c', 'd']) await take(key).done();
    expect(store.begin('busy', TIMES)).toMatchObject({ state: 'IN_PROGRESS' });
    expect(store.begin('d', TIMES)).toEqual({ state: 'DONE' });
    expect(store.begin('c', TIMES)).toEqual({ state: 'DONE' });
    for (const key of ['e', 'f', 'g']) take(key);
    take('busy');
  });

  it('refuses a number of entries that is none', () => {
    expect(() => open(0)).toThrow('maxEntries is 0; allowed: an integer from 1 to 10000000');
  });
});
