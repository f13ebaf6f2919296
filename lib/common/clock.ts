import { outsideRequests } from './own-context.js';

/** A pending call of {@link Clock.setTimeout}. */
export type Timer = object;

/**
 * All time of the engine and the client. Tests put a virtual clock in its place, so that delays, retries and
 * expiry need no waiting.
 */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds, with fractions, since some moment: never goes back, whatever is done to the clock. */
  monotonicNow(): number;
  setTimeout(callback: () => void, delayMillis: number): Timer;
  clearTimeout(timer: Timer | undefined): void;
  /** Runs `callback` once, after the input and output events of the current turn of the event loop. */
  setImmediate(callback: () => void): void;
}

/** Waits for the end of the current turn of the event loop, after its input and output events. */
export function nextTurn(clock: Clock): Promise<void> {
  return new Promise((resolve) => clock.setImmediate(resolve));
}

export function sleep(clock: Clock, millis: number): Promise<void> {
  return new Promise((resolve) => clock.setTimeout(resolve, millis));
}

/** What the clock shows for a moment in the time of {@link Clock.monotonicNow}; for one that is to come, now. */
export function epochMillisOf(clock: Clock, moment: number): number {
  return Math.round(clock.now() - Math.max(0, clock.monotonicNow() - moment));
}

/** What is left at `now` of a timeout that runs from `startedAt`, both in the time of {@link Clock.monotonicNow}, in whole milliseconds. */
export function millisLeft(timeout: number, startedAt: number, now: number): number {
  return Math.ceil(timeout - (now - startedAt));
}

/** Milliseconds by which a timer may be late for any reason, and that answers get when it was later. */
const MAX_LATENESS = 10;
const GRACE = 100;

/**
 * Calls `callback` when an answer is overdue. Timers run before what has arrived is read: if this process was busy when it was time,
 * answers of servers and of the disk may be there, or on their way from a server that was as busy, and get a moment more.
 *
 * @returns what ends the waiting.
 */
export function whenOverdue(clock: Clock, delayMillis: number, callback: () => void): () => void {
  const dueAt = clock.monotonicNow() + delayMillis;
  let timer = clock.setTimeout(() => {
    if (clock.monotonicNow() - dueAt <= MAX_LATENESS) callback();
    else timer = clock.setTimeout(callback, GRACE);
  }, delayMillis);
  return () => clock.clearTimeout(timer);
}

/** Milliseconds, 24 days; what is to last longer, as waits without end are written, would be over at once in Node. */
const MAX_DELAY = 2 ** 31 - 1;

/** The time of this machine. */
export const systemClock: Clock = {
  now: Date.now,
  monotonicNow: () => performance.now(),
  setTimeout: (callback, delayMillis) =>
    outsideRequests(() => setTimeout(callback, Math.min(delayMillis, MAX_DELAY))),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout | undefined),
  setImmediate: (callback) => void outsideRequests(() => setImmediate(callback)),
};
