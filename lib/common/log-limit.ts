import type { Clock } from './clock.js';

/** Keeps lines apart of which others decide how many there could be: from one to the next `interval` milliseconds pass. */
export class LogLimit {
  private nextAt = -Infinity;
  private skipped = 0;
  /** What a line says of those that were left out before it. */
  leftOut = '';

  constructor(
    private readonly clock: Clock,
    private readonly interval = 10_000,
  ) {}

  /** Whether a line may be written now; it counts as written. */
  take(): boolean {
    const now = this.clock.monotonicNow();
    if (now < this.nextAt) {
      this.skipped++;
      return false;
    }
    this.nextAt = now + this.interval;
    this.leftOut = this.skipped === 0 ? '' : ` (${this.skipped} left out before)`;
    this.skipped = 0;
    return true;
  }
}
