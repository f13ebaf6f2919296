import type { Clock } from '../../common/clock.js';

/** A pull that waits until no more than so many messages wait for the listener. */
interface WaitingPull {
  readonly limit: number;
  resume(): void;
}

/** The messages of all queues of a consumer that were pulled and are not done, and the pulls that wait for them. */
export class PulledMessages {
  /** In the order of their calls. */
  private readonly waiting: WaitingPull[] = [];
  private isScheduled = false;
  count = 0;

  constructor(private readonly clock: Clock) {}

  add(count: number): void {
    this.count += count;
  }

  remove(count: number): void {
    this.count -= count;
    this.schedule();
  }

  /** Calls `resume` when it is the turn of this pull, and there are no more than `limit` messages. */
  whenFewer(limit: number, resume: () => void): void {
    this.waiting.push({ limit, resume });
    this.schedule();
  }

  private schedule(): void {
    const [first] = this.waiting;
    if (this.isScheduled || first === undefined || this.count > first.limit) return;
    this.isScheduled = true;
    this.clock.setImmediate(() => {
      this.isScheduled = false;
      this.waiting.shift()!.resume();
      // Perhaps it finds nothing, and is held by the broker: then it is the turn of the next one.
      this.schedule();
    });
  }
}
