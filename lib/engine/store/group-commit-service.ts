import type { Clock, Timer } from '../../common/clock.js';
import type { FileCallback } from '../../common/file-system.js';
import type { AppendBatch } from './append-batch.js';
import type { FlushService, FlushTarget } from './flush-service.js';

const LATE_CHECK_INTERVAL = 1000;
/** Fewer at a time would cost more turns than a flush that begins earlier saves. */
const ANSWERS_PER_TURN = 128;
/** A round of answers that takes less time is better off with one flush. */
const MIN_ROUND_IN_FLUSHES = 2;

/**
 * Sends wait for a flush, which they share (GroupCommitService): at most one is under way, the rest gathers. Whoever is
 * answered mostly sends again at once, so the next flush waits until all have been answered: left to the flush after it, they
 * would be two groups of senders, each of which waits for the flush of the other. Unless the disk is so quick that
 * it is done before the rest has been answered: then it works while they are.
 */
export class GroupCommitService implements FlushService {
  private waiting: AppendBatch[] = [];
  private flushing: AppendBatch[] = [];
  /** Wait for the flush of what waits, and for the one that is under way. */
  private syncsOfWaiting: FileCallback[] = [];
  private syncsOfFlushing: FileCallback[] = [];
  /** Flushed, with senders that have not been answered. */
  private answering: AppendBatch[] = [];
  private isAnswering = false;
  private unanswered = 0;
  /** How many there were when the first of them was answered. */
  private round = 0;
  private readonly flushMillis = new MovingAverage();
  /** From one answer to the next, with everything that the answered do. */
  private readonly answerMillis = new MovingAverage();
  private timeout: Timer | undefined;
  private stopped: (() => void) | undefined;

  constructor(
    private readonly target: FlushTarget,
    private readonly clock: Clock,
    private readonly syncFlushTimeout: number,
  ) {}

  submit(batches: readonly AppendBatch[]): void {
    for (const batch of batches) batch.answerImpatient();
    this.waiting.push(...batches);
    this.flushIfDue();
  }

  /** Who did not wait for the flush, or not any longer, was answered all the same. */
  sync(done: FileCallback): void {
    if (this.waiting.length > 0) this.syncsOfWaiting.push(done);
    else if (this.flushing.length > 0) this.syncsOfFlushing.push(done);
    else done(null);
  }

  stop(stopped: () => void): void {
    this.stopped = stopped;
    this.stopWhenIdle();
  }

  private stopWhenIdle(): void {
    if (this.flushing.length === 0 && this.waiting.length === 0 && !this.isAnswering) this.stopped?.();
  }

  private flushIfDue(): void {
    if (this.flushing.length > 0 || this.waiting.length === 0) return;
    if (!this.isAnswering || this.isJustInTime()) this.flush();
  }

  /** Whether a flush would be over when all have been answered, and later in this round there is no time for it. */
  private isJustInTime(): boolean {
    const answerMillis = this.answerMillis.value;
    const flushMillis = this.flushMillis.value;
    const left = this.unanswered * answerMillis;
    // Two flushes for one round have to be worth it.
    if (this.round * answerMillis < MIN_ROUND_IN_FLUSHES * flushMillis) return false;
    return left > flushMillis && left - ANSWERS_PER_TURN * answerMillis <= flushMillis;
  }

  private flush(): void {
    this.flushing = this.waiting;
    this.waiting = [];
    const syncs = (this.syncsOfFlushing = this.syncsOfWaiting);
    this.syncsOfWaiting = [];
    const waited = this.clock.now() - this.flushing[0]!.stagedAt;
    this.timeout = this.clock.setTimeout(() => this.answerLate(), this.syncFlushTimeout - waited);
    const begunAt = this.clock.monotonicNow();
    this.target.syncWritten((error) => {
      this.clock.clearTimeout(this.timeout);
      this.flushMillis.add(this.clock.monotonicNow() - begunAt);
      if (error) this.fail(error);
      else this.commit();
      for (const done of syncs) done(error);
      this.stopWhenIdle();
    });
  }

  private commit(): void {
    const flushed = this.flushing;
    this.flushing = [];
    for (const batch of flushed) {
      this.target.committed(batch);
      this.answering.push(batch);
      this.unanswered += batch.unanswered;
    }
    if (this.isAnswering) return this.flushIfDue();
    this.round = this.unanswered;
    this.answerSome();
  }

  /** Some in a turn of the event loop, so that others have theirs, and the disk what the answered send. */
  private answerSome(): void {
    this.isAnswering = true;
    const begunAt = this.clock.monotonicNow();
    const before = this.unanswered;
    for (let room = ANSWERS_PER_TURN; room > 0 && this.answering.length > 0;) room -= this.answerFirst(room);
    const count = before - this.unanswered;
    this.clock.setImmediate(() => {
      this.target.writeStaged();
      if (count > 0) this.answerMillis.add((this.clock.monotonicNow() - begunAt) / count);
      if (this.answering.length > 0) return this.answerSome();
      this.isAnswering = false;
      this.flushIfDue();
      this.stopWhenIdle();
    });
  }

  /** Answers up to `max` senders of the first batch; returns how many. */
  private answerFirst(max: number): number {
    const batch = this.answering[0]!;
    const count = Math.min(batch.unanswered, max);
    batch.answerNext('PUT_OK', count);
    this.unanswered -= count;
    if (batch.unanswered === 0) {
      this.answering.shift();
      this.target.answered(batch);
    }
    return count;
  }

  private fail(error: Error): void {
    const failed = [...this.flushing, ...this.waiting];
    const syncs = this.syncsOfWaiting;
    this.flushing = [];
    this.waiting = [];
    this.syncsOfWaiting = [];
    this.target.flushFailed(error, failed);
    for (const done of syncs) done(error);
  }

  /** A disk that hangs: whoever has waited too long learns that the message is stored but not flushed. */
  private answerLate(): void {
    const latest = this.clock.now() - this.syncFlushTimeout;
    for (const batch of [...this.flushing, ...this.waiting]) {
      if (batch.stagedAt <= latest) batch.answer('FLUSH_DISK_TIMEOUT');
    }
    this.timeout = this.clock.setTimeout(() => this.answerLate(), LATE_CHECK_INTERVAL);
  }
}

/** Of which newer values count more. */
class MovingAverage {
  value = 0;

  add(value: number): void {
    this.value += (value - this.value) / 8;
  }
}
