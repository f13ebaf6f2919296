import type { Clock, Timer } from '../../common/clock.js';
import type { AppendBatch } from './append-batch.js';
import type { FileCallback } from '../../common/file-system.js';

/** What a flush service needs of the commit log. */
export interface FlushTarget {
  /** Writes and submits what was appended so far. */
  writeStaged(): void;
  /** Makes everything written before the call survive a power cut. */
  syncWritten(done: FileCallback): void;
  /** The batch is as safe as the flush type promises. */
  committed(batch: AppendBatch): void;
  /** A flush failed: nothing written since the last good one counts as stored. */
  flushFailed(error: Error, batches: readonly AppendBatch[]): void;
}

/** Decides when written batches are flushed and answered (FlushManager). */
export interface FlushService {
  /** Takes over a batch that the kernel has. */
  submit(batch: AppendBatch): void;
  /** Calls `done` when every batch that was committed before survives a power cut. */
  sync(done: FileCallback): void;
  /** Ends timers, and calls `stopped` when no flush is under way or owed to anyone any more. */
  stop(stopped: () => void): void;
}

/** Sends wait for a flush, which they share (GroupCommitService): at most one is under way, the rest gathers. */
export class GroupCommitService implements FlushService {
  private waiting: AppendBatch[] = [];
  private flushing: AppendBatch[] = [];
  private timeout: Timer | undefined;
  private stopped: (() => void) | undefined;

  constructor(
    private readonly target: FlushTarget,
    private readonly clock: Clock,
    private readonly syncFlushTimeout: number,
  ) {}

  submit(batch: AppendBatch): void {
    batch.answerImpatient();
    this.waiting.push(batch);
    this.flush();
  }

  /** A batch is committed when it has been flushed. */
  sync(done: FileCallback): void {
    done(null);
  }

  stop(stopped: () => void): void {
    this.stopped = stopped;
    this.stopWhenIdle();
  }

  private stopWhenIdle(): void {
    if (this.flushing.length === 0 && this.waiting.length === 0) this.stopped?.();
  }

  private flush(): void {
    if (this.flushing.length > 0 || this.waiting.length === 0) return;
    this.flushing = this.waiting;
    this.waiting = [];
    const waited = this.clock.now() - this.flushing[0]!.stagedAt;
    this.timeout = this.clock.setTimeout(() => this.answerLate(), this.syncFlushTimeout - waited);
    this.target.syncWritten((error) => {
      this.clock.clearTimeout(this.timeout);
      if (error) this.fail(error);
      else this.commit();
      this.stopWhenIdle();
    });
  }

  private commit(): void {
    const flushed = this.flushing;
    this.flushing = [];
    for (const batch of flushed) this.target.committed(batch);
    // Whoever was answered mostly sends again at once. Left to the flush after the next one, there would be two groups of
    // senders, each of which waits for the flush of the other.
    this.clock.setImmediate(() => {
      this.target.writeStaged();
      this.flush();
    });
  }

  private fail(error: Error): void {
    const failed = [...this.flushing, ...this.waiting];
    this.flushing = [];
    this.waiting = [];
    this.target.flushFailed(error, failed);
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

const LATE_CHECK_INTERVAL = 1000;

/** Sends are answered when the kernel has the bytes; the disk gets them a little later (FlushRealTimeService). */
export class FlushRealTimeService implements FlushService {
  private timer: Timer | undefined;
  private isFlushing = false;
  /** Wait for a flush that begins after the one that is under way. */
  private waiting: FileCallback[] = [];
  private stopped: (() => void) | undefined;

  constructor(
    private readonly target: FlushTarget,
    private readonly clock: Clock,
    private readonly flushIntervalCommitLog: number,
  ) {}

  submit(batch: AppendBatch): void {
    this.target.committed(batch);
    this.timer ??= this.clock.setTimeout(() => this.sync(() => {}), this.flushIntervalCommitLog);
  }

  sync(done: FileCallback): void {
    this.waiting.push(done);
    this.flush();
  }

  stop(stopped: () => void): void {
    this.clock.clearTimeout(this.timer);
    this.stopped = stopped;
    if (!this.isFlushing) stopped();
  }

  /** One flush at a time: of two on one file, the kernel reports an error to only one. */
  private flush(): void {
    if (this.isFlushing) return;
    this.isFlushing = true;
    this.clock.clearTimeout(this.timer);
    this.timer = undefined;
    const waiting = this.waiting.splice(0);
    this.target.syncWritten((error) => {
      this.isFlushing = false;
      if (error) this.target.flushFailed(error, []);
      for (const done of waiting) done(error);
      if (this.waiting.length > 0) this.flush();
      else this.stopped?.();
    });
  }
}
