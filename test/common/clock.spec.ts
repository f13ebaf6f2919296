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
