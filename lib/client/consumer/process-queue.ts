import type { Clock, Timer } from '../../common/clock.js';
import type { MessageExt } from '../../common/message-ext.js';
import type { MessageQueue } from '../../common/message-queue.js';
import type { PulledMessages } from './pulled-messages.js';

/** Milliseconds after which the client no longer trusts a lock that it could not renew. */
const REBALANCE_LOCK_MAX_LIVE_TIME = 30_000;
/** Milliseconds after which a broker gives a lock that was not renewed to another client (`rocketmq.broker.rebalance.lockMaxLiveTime`). */
const BROKER_LOCK_MAX_LIVE_TIME = 60_000;
/** Offsets behind which the list of them is cut. */
const COMPACT_AT = 1024;

/** The messages of one queue that were pulled and are not done (ProcessQueue). */
export class ProcessQueue {
  /** Whether the queue was taken away from this consumer; what is under way may end, nothing more begins. */
  dropped = false;
  /** When that was, in the time of `Clock.monotonicNow`. */
  droppedAt = 0;
  /** When the last pull began, in the time of `Clock.monotonicNow`; `Infinity` while the next one waits for the listener. */
  lastPullAt: number;
  /** When messages were last done. */
  lastConsumeTimestamp: number;
  /**
   * Messages in the order of their offsets, from `head` on; undefined where one is done. The tables that a `Map` outgrows would
   * keep them from the quick collection of garbage.
   */
  private messages: (MessageExt | undefined)[] = [];
  private offsets: number[] = [];
  private head = 0;
  private nextOffset = 0;
  /** When the lock was last won; 0 when it is not held. */
  lastLockTimestamp = 0;
  private lockedUntil = -Infinity;
  private keptUntil = Infinity;
  /** Whether messages of a queue that is consumed in order are being handled. */
  isConsuming = false;
  private onIdle: (() => void) | undefined;
  /** Of the next pull. */
  pullTimer: Timer | undefined;
  /** Called when messages were removed. */
  onRemoved: (() => void) | undefined;
  /** Waiting messages, and their bytes as they are stored. */
  count = 0;
  size = 0;

  constructor(
    readonly mq: MessageQueue,
    private readonly clock: Clock,
    /** Of all queues of the consumer. */
    private readonly pulled: PulledMessages,
  ) {
    this.lastPullAt = clock.monotonicNow();
    this.lastConsumeTimestamp = clock.now();
  }

  /** The offsets of the first and the last waiting message; 0 when there is none. */
  get bounds(): { min: number; max: number } {
    if (this.count === 0) return { min: 0, max: 0 };
    return { min: this.offsets[this.head]!, max: this.nextOffset - 1 };
  }

  /** Distance between the first and the last waiting message. */
  get span(): number {
    return this.count === 0 ? 0 : this.nextOffset - 1 - this.offsets[this.head]!;
  }

  /** The offset up to which all messages are done; 0 when there was none. */
  get doneUpTo(): number {
    return this.count === 0 ? this.nextOffset : this.offsets[this.head]!;
  }

  /** Whether this client holds the lock of the queue. */
  get isLocked(): boolean {
    return this.clock.monotonicNow() <= this.lockedUntil;
  }

  /** Whether another client may have had the lock since this one won it, as it was refused or not renewed for long. */
  get isLockLost(): boolean {
    return this.clock.monotonicNow() > this.keptUntil;
  }

  /** Whether the broker has refused the lock: another client has it. */
  get isLockRefused(): boolean {
    return this.keptUntil === -Infinity;
  }

  /** Notes what came of asking for the lock at `askedAt`, in the time of `Clock.monotonicNow`. A lost one is not won again. */
  setLocked(isLocked: boolean, askedAt: number): void {
    if (isLocked && this.isLockLost) return;
    this.lastLockTimestamp = isLocked ? this.clock.now() : 0;
    this.lockedUntil = isLocked ? askedAt + REBALANCE_LOCK_MAX_LIVE_TIME : -Infinity;
    this.keptUntil = isLocked ? askedAt + BROKER_LOCK_MAX_LIVE_TIME : -Infinity;
  }

  /** Notes that messages of a queue that is consumed in order are being handled, or no longer are. */
  setConsuming(isConsuming: boolean): void {
    this.isConsuming = isConsuming;
    if (!isConsuming) this.onIdle?.();
  }

  /** Waits until no message is being handled. */
  async whenIdle(): Promise<void> {
    if (this.isConsuming) await new Promise<void>((resolve) => (this.onIdle = resolve));
  }

  /** Takes the queue away from this consumer. */
  drop(): void {
    if (!this.dropped) this.pulled.remove(this.count);
    this.dropped = true;
    this.droppedAt = this.clock.monotonicNow();
    this.clock.clearTimeout(this.pullTimer);
  }

  /** Adds pulled messages, which follow those that are here. */
  put(messages: readonly MessageExt[]): void {
    this.pulled.add(messages.length);
    for (const message of messages) {
      this.messages.push(message);
      this.offsets.push(message.queueOffset);
      this.count++;
      this.size += message.storeSize;
      this.nextOffset = message.queueOffset + 1;
    }
  }

  /** The first waiting messages; they stay until they are removed. */
  peek(max: number): MessageExt[] {
    const first: MessageExt[] = [];
    for (let i = this.head; i < this.messages.length && first.length < max; i++) {
      const message = this.messages[i];
      if (message !== undefined) first.push(message);
    }
    return first;
  }

  /** Removes messages that are done; returns the offset up to which all are, which can be committed. */
  remove(messages: readonly MessageExt[], now = this.clock.now()): number {
    const before = this.count;
    for (const message of messages) this.removeOne(message);
    if (!this.dropped) this.pulled.remove(before - this.count);
    while (this.head < this.messages.length && this.messages[this.head] === undefined) this.head++;
    if (this.head >= COMPACT_AT) {
      this.messages = this.messages.slice(this.head);
      this.offsets = this.offsets.slice(this.head);
      this.head = 0;
    }
    this.lastConsumeTimestamp = now;
    this.onRemoved?.();
    return this.doneUpTo;
  }

  private removeOne({ queueOffset, storeSize }: MessageExt): void {
    const index = this.indexOf(queueOffset);
    if (this.messages[index] === undefined) return;
    this.messages[index] = undefined;
    this.count--;
    this.size -= storeSize;
  }

  /** -1 when it is not here. */
  private indexOf(queueOffset: number): number {
    const { offsets, head } = this;
    // Offsets have gaps only where messages were passed over.
    const likely = head + queueOffset - offsets[head]!;
    if (offsets[likely] === queueOffset) return likely;
    let low = head;
    let high = offsets.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (offsets[middle]! < queueOffset) low = middle + 1;
      else high = middle;
    }
    return offsets[low] === queueOffset ? low : -1;
  }
}
