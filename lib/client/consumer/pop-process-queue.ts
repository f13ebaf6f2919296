import type { Clock, Timer } from '../../common/clock.js';
import type { MessageQueue } from '../../common/message-queue.js';

/** What a consumer pops from, a queue or all of a broker, and how much of it is not done (PopProcessQueue). */
export class PopProcessQueue {
  /** Whether this consumer pops no more from it; what it has is its own until its time is over. */
  dropped = false;
  /** When the last pop began, in the time of `Clock.monotonicNow`; `Infinity` while the next one waits for the listener. */
  lastPopAt: number;
  /** Popped messages that are not done. */
  waitAckCount = 0;
  /** Of the next pop. */
  popTimer: Timer | undefined;
  /** Called when messages are done. */
  onRemoved: (() => void) | undefined;

  constructor(
    readonly mq: MessageQueue,
    private readonly clock: Clock,
  ) {
    this.lastPopAt = clock.monotonicNow();
  }

  /** Pops no more from it. */
  drop(): void {
    this.dropped = true;
    this.clock.clearTimeout(this.popTimer);
  }

  onDone(): void {
    this.waitAckCount--;
    this.onRemoved?.();
  }
}
