import type { Clock } from '../../common/clock.js';
import type { MessageQueue } from '../../common/message-queue.js';

/** What a consumer pops from, a queue or all of a broker, and how much of it is not done (PopProcessQueue). */
export class PopProcessQueue {
  /** Whether this consumer pops no more from it; what it has is its own until its time is over. */
  dropped = false;
  lastPopTimestamp: number;
  /** Popped messages that are not done. */
  waitAckCount = 0;
  /** Called when messages are done. */
  onRemoved: (() => void) | undefined;

  constructor(
    readonly mq: MessageQueue,
    clock: Clock,
  ) {
    this.lastPopTimestamp = clock.now();
  }

  onDone(): void {
    this.waitAckCount--;
    this.onRemoved?.();
  }
}
