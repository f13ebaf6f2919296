import type { Clock, Timer } from './clock.js';

/** A wait that can be cut short; one at a time. */
export class Pause {
  private timer: Timer | undefined;
  private resolve: (() => void) | undefined;

  constructor(private readonly clock: Clock) {}

  wait(millis: number): Promise<void> {
    return new Promise((resolve) => {
      this.resolve = resolve;
      this.timer = this.clock.setTimeout(resolve, millis);
    });
  }

  /** Ends the wait that is under way, if there is one. */
  end(): void {
    this.clock.clearTimeout(this.timer);
    this.resolve?.();
  }
}
