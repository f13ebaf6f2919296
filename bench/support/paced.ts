import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from './closed-loop.js';
import { busyClock, openLoop } from './open-loop.js';

/** Latencies in microseconds, from the time at which an operation was to begin. */
export interface Paced {
  readonly p50: number;
  readonly p99: number;
}

/** What has not ended so long after the last operation never does. */
const LIMIT_MILLIS = 5000;

/** An open loop: begins `perSecond` operations for `seconds`, whether those before have ended or not. */
export async function paced(
  perSecond: number,
  seconds: number,
  operation: (number: number, done: () => void) => void,
  clock = busyClock,
): Promise<Paced> {
  const count = perSecond * seconds;
  const latencies = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  let left = count;
  let onEnd = (): void => {};
  const ended = new Promise<void>((resolve) => (onEnd = resolve));
  const begin = (number: number, intendedAt: number): void =>
    operation(number, () => {
      latencies[number] = (performance.now() - intendedAt) * 1000;
      if (--left === 0) onEnd();
    });
  await openLoop(perSecond, count, begin, clock);
  if (count > 0) await Promise.race([ended, sleep(LIMIT_MILLIS)]);
  latencies.sort();
  return { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) };
}
