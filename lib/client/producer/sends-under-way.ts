import type { Clock } from '../../common/clock.js';
import { Pause } from '../../common/pause.js';

/** Milliseconds that sends have to end when their producer does: as long as one takes at most by default. */
const SENDS_TIMEOUT = 3000;

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

  /** Counts what takes as long as `work` as a send, too. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.begin();
    try {
      return await work;
    } finally {
      this.end();
    }
  }

  /** Ends what is behind the sends when all have ended, or the time is over: at once when there are none. */
  async thenEnd(clock: Clock, end: () => Promise<void>): Promise<void> {
    if (this.count > 0) {
      const pause = new Pause(clock);
      this.onNone = () => pause.end();
      await pause.wait(SENDS_TIMEOUT);
    }
    await end();
  }
}
