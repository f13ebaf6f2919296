import { Worker } from 'node:worker_threads';

/**
 * An open loop whose event loop sleeps in between: another thread asks for the operations, as requests come. A timer of Node is
 * late by up to a millisecond, and a loop that never sleeps takes a processor from the server. `begin` gets the
 * number of the operation and the time at which it was asked for, however late its turn is.
 */
export function wokenLoop(
  perSecond: number,
  count: number,
  begin: (number: number, askedAt: number) => void,
): Promise<void> {
  const waker = new Worker(new URL('waker.js', import.meta.url), { workerData: { perSecond, count } });
  let number = 0;
  return new Promise((resolve, reject) => {
    waker.once('error', reject);
    waker.on('message', (askedAt: number) => {
      begin(number++, askedAt - performance.timeOrigin);
      if (number === count) resolve();
    });
  });
}
