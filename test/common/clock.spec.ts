import { AsyncLocalStorage } from 'node:async_hooks';
import { expect, it } from 'vitest';
import { systemClock } from '../../lib/common/clock.js';

it.each([2 ** 31, Number.MAX_SAFE_INTEGER, Infinity])(
  'does not end a wait of %d ms at once',
  async (delay) => {
    let isOver = false;
    const timer = systemClock.setTimeout(() => (isOver = true), delay);
    await new Promise<void>((resolve) => systemClock.setTimeout(resolve, 5));
    systemClock.clearTimeout(timer);
    expect(isOver).toBe(false);
  },
);

it('calls back outside the request that asked for it', async () => {
  const request = new AsyncLocalStorage<string>();
  const stores: unknown[] = [];
  await request.run('a', async () => {
    await new Promise<void>((resolve) =>
      systemClock.setTimeout(() => resolve(void stores.push(request.getStore())), 1),
    );
    await new Promise<void>((resolve) =>
      systemClock.setImmediate(() => resolve(void stores.push(request.getStore()))),
    );
    stores.push(request.getStore());
  });
  expect(stores).toEqual([undefined, undefined, 'a']);
});
