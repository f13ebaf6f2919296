import type { Clock, Timer } from '../common/clock.js';

/** Milliseconds from the end of one round to the next. */
const PAUSE = 1000;

/** Work that many may ask for at once: one round at a time, with a pause behind each, and all who ask meanwhile share the next one. */
export class PacedWork {
  private isAsked = false;
  private isBusy = false;
  private isStopped = false;
  private timer: Timer | undefined;

  constructor(
    private readonly clock: Clock,
    /** It does not fail. */
    private readonly work: () => Promise<unknown>,
  ) {}

  /** A round begins now, or when the pause is over. */
  ask(): void {
    this.isAsked = true;
    if (!this.isBusy) void this.run();
  }

  /** Begins no more rounds. */
  stop(): void {
    this.isStopped = true;
    this.clock.clearTimeout(this.timer);
  }

  private async run(): Promise<void> {
    this.isBusy = this.isAsked && !this.isStopped;
    if (!this.isBusy) return;
    this.isAsked = false;
    await this.work();
    if (!this.isStopped) this.timer = this.clock.setTimeout(() => void this.run(), PAUSE);
  }
}
