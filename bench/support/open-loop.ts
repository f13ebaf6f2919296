/** Where an open loop gets its time and its turns from. */
export interface OpenLoopClock {
  now(): number;
  /** Calls `next` soon, after what else there is to do. */
  turn(next: () => void): void;
}

/** A timer is late by up to a millisecond, which would be measured too: this clock never sleeps. */
export const busyClock: OpenLoopClock = { now: () => performance.now(), turn: (next) => setImmediate(next) };

/** As an application does that sends when something happens: the loop sleeps in between. */
export const sleepingClock: OpenLoopClock = {
  now: () => performance.now(),
  turn: (next) => void setTimeout(next, 1),
};

/**
 * Begins `count` operations, `perSecond` of them, however long those before take: each at its time, or at once when that
 * has passed. `begin` gets the number of the operation and the time in milliseconds at which it was to begin.
 */
export function openLoop(
  perSecond: number,
  count: number,
  begin: (number: number, intendedAt: number) => void,
  clock: OpenLoopClock = busyClock,
): Promise<void> {
  return new Promise((resolve) => {
    const startedAt = clock.now();
    let number = 0;
    const turn = (): void => {
      for (; number < count; number++) {
        const intendedAt = startedAt + (number * 1000) / perSecond;
        if (clock.now() < intendedAt) return clock.turn(turn);
        begin(number, intendedAt);
      }
      resolve();
    };
    turn();
  });
}
