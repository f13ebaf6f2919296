import type { Clock, Timer } from '../../lib/common/clock.js';

/** In milliseconds. */
export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

interface VirtualTimer {
  readonly at: number;
  readonly callback: () => void;
}

/** A clock that stands still until a test moves it. Timers fire in the order of their times. */
export class VirtualClock implements Clock {
  private readonly timers = new Set<VirtualTimer>();
  /** How far the clock was set ahead of what has passed. */
  private ahead = 0;

  constructor(private time = Date.UTC(2026, 0, 15, 12)) {}

  get hasTimers(): boolean {
    return this.timers.size > 0;
  }

  now(): number {
    return this.time + this.ahead;
  }

  monotonicNow(): number {
    return this.time;
  }

  setTimeout(callback: () => void, delayMillis: number): Timer {
    const timer = { at: this.time + Math.max(delayMillis, 0), callback };
    this.timers.add(timer);
    return timer;
  }

  clearTimeout(timer: Timer | undefined): void {
    if (timer !== undefined) this.timers.delete(timer as VirtualTimer);
  }

  setImmediate(callback: () => void): void {
    setImmediate(callback);
  }

  /** Sets the clock: nothing passes, and timers go on as they were. */
  set(time: number): void {
    this.ahead = time - this.time;
  }

  /** Lets time pass in which no timer can fire, as while a turn of the event loop lasts. */
  pass(millis: number): void {
    this.time += millis;
  }

  /** Lets `millis` pass: fires every timer on the way, and lets the work that it starts settle. */
  async advance(millis: number): Promise<void> {
    const end = this.time + millis;
    await settle();
    for (let next = this.nextTimer(end); next !== undefined; next = this.nextTimer(end)) {
      this.timers.delete(next);
      this.time = Math.max(this.time, next.at);
      next.callback();
      await settle();
    }
    this.time = Math.max(this.time, end);
  }

  /** Lets time pass in steps until a condition holds; fails after `maxMillis` of virtual time. */
  async advanceUntil(condition: () => boolean, maxMillis: number, step = 1000): Promise<void> {
    for (let passed = 0; !condition(); passed += step) {
      if (passed >= maxMillis) throw new Error(`The condition did not hold within ${maxMillis} virtual ms`);
      await this.advance(step);
    }
  }

  private nextTimer(end: number): VirtualTimer | undefined {
    let next: VirtualTimer | undefined;
    for (const timer of this.timers)
      if (timer.at <= end && (next === undefined || timer.at < next.at)) next = timer;
    return next;
  }
}

/** Lets promises, immediates and finished file operations run. */
export async function settle(turns = 4): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
}
