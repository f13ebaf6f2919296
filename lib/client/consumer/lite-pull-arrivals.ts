import type { Clock } from '../../common/clock.js';

/** Those who wait for messages. */
export class Arrivals {
  private readonly waiting = new Set<() => void>();

  constructor(private readonly clock: Clock) {}

  /** Wakes all: each looks for itself what there is. */
  notify(): void {
    for (const wake of this.waiting) wake();
  }

  /** Until something may have come, the time is over, or the caller gives up. */
  wait(timeoutMillis: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.waiting.delete(wake);
        this.clock.clearTimeout(timer);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const timer = this.clock.setTimeout(wake, timeoutMillis);
      signal?.addEventListener('abort', wake, { once: true });
      this.waiting.add(wake);
    });
  }
}
