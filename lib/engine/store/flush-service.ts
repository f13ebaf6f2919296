import type { Clock, Timer } from '../../common/clock.js';
import type { AppendBatch } from './append-batch.js';
import type { FileCallback } from '../../common/file-system.js';

/** What a flush service needs of the commit log. */
export interface FlushTarget {
  /** Writes and submits what was appended so far. */
  writeStaged(): void;
  /** Makes everything written before the call survive a power cut. */
  syncWritten(done: FileCallback): void;
  /** The batch is as safe as the flush type promises; its senders are answered next. */
  committed(batch: AppendBatch): void;
  /** They were answered. */
  answered(batch: AppendBatch): void;
  /** A flush failed: nothing written since the last good one counts as stored. */
  flushFailed(error: Error, batches: readonly AppendBatch[]): void;
}

/** Decides when written batches are flushed and answered (FlushManager). */
export interface FlushService {
  /** Takes over batches that the kernel has. */
  submit(batches: readonly AppendBatch[]): void;
  /** Calls `done` when every batch that was committed before survives a power cut. */
  sync(done: FileCallback): void;
  /** Ends timers, and calls `stopped` when no flush is under way or owed to anyone any more. */
  stop(stopped: () => void): void;
}

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

  submit(batches: readonly AppendBatch[]): void {
    for (const batch of batches) {
      this.target.committed(batch);
      batch.answer('PUT_OK');
      this.target.answered(batch);
    }
    if (batches.length === 0) return;
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
