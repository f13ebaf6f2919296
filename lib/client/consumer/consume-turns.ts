import type { Clock } from '../../common/clock.js';

/** Milliseconds for which consumers may have the event loop before other work of the process gets its turn. */
const MILLIS_PER_TURN = 3;
/** Tasks of a turn at most, also when no time passes. */
const TASKS_PER_TURN = 4096;
/** Tasks of one consumer before another one gets its share of the turn: those of one pull or two, which are in the cache then. */
const TASKS_OF_SHARE = 64;
/** Tasks between looks at the time. */
const TASKS_AT_ONCE = 16;

/** Who has tasks to begin. */
export interface TurnTaker {
  /** Begins up to `max` tasks; returns whether more could begin at once. */
  beginSome(max: number): boolean;
}

/** Shares turns of the event loop out among the consumers of a client: they take it round about, for a limited time. */
export class ConsumeTurns {
  private waiting: TurnTaker[] = [];
  private isScheduled = false;
  /** When the turn is over, and how many tasks may still be begun in it. */
  private endAt = 0;
  private left = 0;

  constructor(private readonly clock: Clock) {}

  /** Lets `taker` begin tasks, in a turn of its own; whoever waits already must not be added. */
  add(taker: TurnTaker): void {
    this.waiting.push(taker);
    this.schedule();
  }

  /** Whether one more task may begin in the turn that began last: then it need not wait for the next one. */
  hasTime(): boolean {
    return this.left-- > 0 && this.clock.monotonicNow() < this.endAt;
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    this.clock.setImmediate(() => {
      this.isScheduled = false;
      this.turn();
    });
  }

  private turn(): void {
    this.endAt = this.clock.monotonicNow() + MILLIS_PER_TURN;
    this.left = TASKS_PER_TURN;
    const { waiting } = this;
    let next = 0;
    // Who has more to begin stands in line again, and this loop comes to it when all others had their share.
    while (next < waiting.length && (next === 0 || this.hasTime())) {
      const taker = waiting[next++]!;
      if (this.beginShare(taker)) waiting.push(taker);
    }
    this.waiting = waiting.slice(next);
    if (this.waiting.length > 0) this.schedule();
  }

  /** Returns whether more could begin. */
  private beginShare(taker: TurnTaker): boolean {
    let hasMore = true;
    for (let begun = 0; hasMore && begun < TASKS_OF_SHARE; begun += TASKS_AT_ONCE) {
      if (begun > 0 && !this.hasTime()) break;
      hasMore = taker.beginSome(TASKS_AT_ONCE);
      this.left -= TASKS_AT_ONCE;
    }
    return hasMore;
  }
}
