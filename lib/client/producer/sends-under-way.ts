import type { Clock } from '../../common/clock.js';
import { Pause } from '../../common/pause.js';

/** How many sends have not ended yet, for who waits until none is left. */
export class SendsUnderWay {
  private count = 0;
  private onNone = () => {};

  begin(): void {
    this.count++;
  }

  end(): void {
    if (--this.count === 0) this.onNone();
  }

  /** Resolves when all have ended, or the time is over. */
  async ended(clock: Clock, timeoutMillis: number): Promise<void> {
    if (this.count === 0) return;
    const pause = new Pause(clock);
    this.onNone = () => pause.end();
    await pause.wait(timeoutMillis);
  }
}
