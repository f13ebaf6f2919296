import { whenOverdue, type Clock } from '../../common/clock.js';
import type { FileCallback } from '../../common/file-system.js';
import type { AppendBatch } from './append-batch.js';
import type { FlushService, FlushTarget } from './flush-service.js';

const LATE_CHECK_INTERVAL = 1000;
/** More at a time would keep others from their turn. */
const MAX_ANSWERS_PER_TURN = 128;
/** Fewer senders are better off with one flush: half of them take it as long. */
const MIN_SENDERS_FOR_TWO = 64;
/** A flush for half of the senders takes this share of one for all, at least. */
const SHARE_OF_HALF_FLUSH = 0.75;
/** Of all senders, who have to wait for a flush to begin while others are answered: two groups are never quite equal. */
const MIN_SHARE_OF_GROUP = 1 / 3;

/**
 * Sends wait for a flush, which they share (GroupCommitService): at most one is under way, the rest gathers. Whoever is
 * answered mostly sends again at once. So the next flush waits until all have been answered, and takes everyone along; unless
 * their answers, with everything that they do then, take about as long as the flush: then senders are two groups, of which one
 * is answered while the other is flushed, and neither processor nor disk waits.
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
  /** All who waited, for a flush or an answer, when the last flush ended. */
  private senders = 0;
  private readonly flushMillis = new MovingAverage();
  /** From one answer to the next, with everything that the answered do. */
  private readonly answerMillis = new MovingAverage();
  private cancelTimer = () => {};
  /** Why a flush failed: nothing is stored from then on. */
  private failure: Error | undefined;
  private stopped: (() => void) | undefined;

  constructor(
    private readonly target: FlushTarget,
    private readonly clock: Clock,
    private readonly syncFlushTimeout: number,
  ) {}

  submit(batches: readonly AppendBatch[]): void {
    // A later flush may succeed with what the failed one had to bring to the disk.
    if (this.failure !== undefined) return this.target.flushFailed(this.failure, batches);
    this.waiting.push(...batches);
    for (const batch of batches) batch.answerImpatient();
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
    if (!this.isAnswering || this.isGroup()) this.flush();
  }

  private get areTwoGroups(): boolean {
    const { senders } = this;
    if (senders < MIN_SENDERS_FOR_TWO) return false;
    return senders * this.answerMillis.value >= SHARE_OF_HALF_FLUSH * this.flushMillis.value;
  }

  /** Whether those who wait for a flush are one of two groups. */
  private isGroup(): boolean {
    return this.areTwoGroups && sendersOf(this.waiting) >= MIN_SHARE_OF_GROUP * this.senders;
  }

  private flush(): void {
    this.flushing = this.waiting;
    this.waiting = [];
    const syncs = (this.syncsOfFlushing = this.syncsOfWaiting);
    this.syncsOfWaiting = [];
    const begunAt = this.clock.monotonicNow();
    const waited = begunAt - this.flushing[0]!.awaitedFrom;
    this.answerLateIn(this.syncFlushTimeout - waited);
    this.target.syncWritten((error) => {
      this.cancelTimer();
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
    }
    this.senders = sendersOf(this.waiting) + sendersOf(this.answering);
    const { isAnswering } = this;
    this.isAnswering = true;
    this.flushIfDue();
    if (!isAnswering) this.answerSome();
  }

  /** Some in a turn of the event loop, so that others have theirs, and the disk what the answered send. */
  private answerSome(): void {
    const begunAt = this.clock.monotonicNow();
    let count = 0;
    for (const max = this.answersPerTurn; count < max && this.answering.length > 0;)
      count += this.answerFirst(max - count);
    this.clock.setImmediate(() => {
      this.target.writeStaged();
      if (count > 0) this.answerMillis.add((this.clock.monotonicNow() - begunAt) / count);
      if (this.answering.length > 0) return this.answerSome();
      this.isAnswering = false;
      this.flushIfDue();
      this.stopWhenIdle();
    });
  }

  private get answersPerTurn(): number {
    return this.areTwoGroups
      ? Math.min(Math.ceil(this.senders / 2), MAX_ANSWERS_PER_TURN)
      : MAX_ANSWERS_PER_TURN;
  }

  /** Answers up to `max` senders of the first batch; returns how many. */
  private answerFirst(max: number): number {
    const batch = this.answering[0]!;
    const count = Math.min(batch.unanswered, max);
    batch.answerNext('PUT_OK', count);
    if (batch.unanswered === 0) {
      this.answering.shift();
      this.target.answered(batch);
    }
    return count;
  }

  private fail(error: Error): void {
    this.failure = error;
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
    const latest = this.clock.monotonicNow() - this.syncFlushTimeout;
    for (const batch of [...this.flushing, ...this.waiting]) {
      if (batch.awaitedFrom <= latest) batch.answer('FLUSH_DISK_TIMEOUT');
    }
    this.answerLateIn(LATE_CHECK_INTERVAL);
  }

  private answerLateIn(delayMillis: number): void {
    this.cancelTimer = whenOverdue(this.clock, delayMillis, () => this.answerLate());
  }
}

function sendersOf(batches: readonly AppendBatch[]): number {
  return batches.reduce((sum, { unanswered }) => sum + unanswered, 0);
}

/** Of which newer values count more. */
class MovingAverage {
  value = 0;

  add(value: number): void {
    this.value += (value - this.value) / 8;
  }
}
