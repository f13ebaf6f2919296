import { whenOverdue, type Clock } from '../../common/clock.js';
import { isDiskFull, OpenError, type FileCallback } from '../../common/file-system.js';
import { LimitedLogger } from '../../common/limited-logger.js';
import { StoreError } from '../../errors/store.error.js';
import type { AppendBatch } from './append-batch.js';
import type { CommitLog } from './commit-log.js';
import type { RunningFlags } from './running-flags.js';
import { syncAll, type SegmentFile } from './segment-file.js';
import type { StoreFiles } from './segment-file-queue.js';
import { SegmentFiller } from './segment-filler.js';

/** Staged bytes that lie in one piece in memory and in one file. */
export interface Extent {
  readonly segment: SegmentFile;
  readonly buffer: Buffer;
  readonly position: number;
  readonly offset: number;
  readonly length: number;
  /** Absent for the blank at the end of a file. */
  readonly batch: AppendBatch | undefined;
}

export interface LogWriterOptions {
  readonly clock: Clock;
  readonly files: StoreFiles;
  readonly flags: RunningFlags;
  /** Milliseconds after which a write that has to wait counts as stuck. */
  readonly osPageCacheBusyTimeOutMills: number;
  /** The kernel has the batch. */
  readonly onWritten: (batch: AppendBatch) => void;
  /** The kernel has nothing of these extents, nor of any behind them: what is appended next takes their place. */
  readonly onNotWritten: (extents: readonly Extent[]) => void;
  /** What had to wait can be written. */
  readonly onFree: () => void;
  /** What waits is stuck. */
  readonly onStuck: () => void;
}

/** Milliseconds from which on a write holds up the application: the next ones are made off the event loop. */
const SLOW_WRITE = 2;
/** So many of them when it was the only one, as it is beside a flush; twice as many with each other one, until none of those was slow. */
const MIN_WRITES_OFF_LOOP = 4;
const MAX_WRITES_OFF_LOOP = 64;

/** Bytes; a flush of more of them is not quicker for zeros that were filled in before. */
const LARGE_FLUSH = 96 * 1024;

/** Hands the staged bytes of the commit log to the kernel, and what was written to the disk. */
export class LogWriter {
  private readonly filler = new SegmentFiller();
  /** Files that were written since their last flush. */
  private readonly dirty = new Set<SegmentFile>();
  /** Extents that the kernel does not have yet. */
  private unwritten: Extent[] = [];
  /** Set while a write waits for the disk: what is added meanwhile comes after it, with one call. */
  private endWaiting: (() => void) | undefined;
  /** How many writes are still to be made off the event loop, and how many will be after the next slow one. */
  private writesOffLoop = 0;
  private nextWritesOffLoop = MIN_WRITES_OFF_LOOP;
  /** Whether the first of the extents is being written there. */
  private isWriting = false;
  private writeError: Error | undefined;
  /** Whether a write has had to wait for longer than `osPageCacheBusyTimeOutMills`. */
  isStuck = false;
  /** Whether the last flush was one to which zeros would add more than they save. */
  private isFlushLarge = false;
  /** The disk has the log up to here. */
  syncedOffset = 0;

  private readonly limited: LimitedLogger;
  private readonly diskFullLog: LimitedLogger;

  constructor(
    private readonly log: CommitLog,
    private readonly options: LogWriterOptions,
  ) {
    this.limited = new LimitedLogger(options.files.logger, options.clock);
    this.diskFullLog = new LimitedLogger(options.files.logger, options.clock);
  }

  get isIdle(): boolean {
    return this.unwritten.length === 0;
  }

  add(extent: Extent): void {
    this.unwritten.push(extent);
  }

  /** Writes what was added, up to an extent that has to wait: where zeros are being filled in, or the disk is slow. */
  write(): void {
    const { flags } = this.options;
    while (this.endWaiting === undefined && this.unwritten.length > 0) {
      const extent = this.unwritten[0]!;
      const error = this.writeError ?? flags.fault;
      this.writeError = undefined;
      if (error !== undefined) return this.writeFailed(extent, error);
      if (!this.filler.isFree(extent.offset, extent.offset + extent.length)) return this.writeWhenFree();
      if (this.writesOffLoop > 0) this.writeOffLoop(extent);
      else if (!this.writeNow(extent)) return;
    }
  }

  /** Gives back everything that the kernel does not have, but for what is being written: it may get that yet. */
  giveBack(): void {
    const unwritten = this.unwritten.splice(this.isWriting ? 1 : 0);
    if (unwritten.length > 0) this.options.onNotWritten(unwritten);
  }

  /** Makes everything written before the call survive a power cut. */
  syncWritten(done: FileCallback): void {
    const segments = [...this.dirty];
    // What is written from now on is for the next flush, or this one would not end under load.
    this.dirty.clear();
    const end = this.log.maxOffset;
    this.isFlushLarge = end - this.syncedOffset > LARGE_FLUSH;
    this.pauseFilling();
    syncAll(segments, (error) => {
      if (error === null) this.synced(segments, end);
      else this.log.segments.rewrite(this.syncedOffset, this.log.maxOffset);
      done(error);
    });
  }

  private synced(segments: readonly SegmentFile[], end: number): void {
    this.syncedOffset = end;
    for (const segment of segments) if (segment.endOffset <= end) segment.letClose();
  }

  /** Writes zeros ahead of what comes at `offset`. */
  startFilling(segment: SegmentFile, offset: number): void {
    this.filler.start(segment, offset);
  }

  stopFilling(): void {
    this.filler.stop();
  }

  /** Ends when no zeros are being written any more, for a writer that is idle. */
  async filled(): Promise<void> {
    if (this.filler.isFilling) await new Promise<void>((resolve) => this.filler.whenFree(resolve));
  }

  /** Whether a disk that was full has room behind the last record in `segment`. */
  hasRoom(segment: SegmentFile): boolean {
    const { maxOffset } = this.log;
    if (this.isWriting) return false;
    return fillWithZeros(segment, maxOffset, Math.min(PROBE.length, segment.endOffset - maxOffset));
  }

  setDiskFull(error: Error): void {
    this.options.flags.diskFull = true;
    this.diskFullLog.error(
      `Sending is refused until there is room: the disk of the commit log is full (${error.message})`,
    );
  }

  setFault(operation: 'written' | 'flushed', error: Error): void {
    const { flags, files } = this.options;
    flags.fault ??= new StoreError(
      `The commit log could not be ${operation} (${error.message}). ` +
        'The store is read-only until it is opened again: it is not known what of the last messages the disk has.',
      error,
    );
    files.logger.error(flags.fault.message);
  }

  private writeNow(extent: Extent): boolean {
    const { segment, buffer, position, offset, length } = extent;
    const begunAt = this.options.clock.monotonicNow();
    try {
      segment.write(buffer, position, length, offset);
    } catch (error) {
      this.writeFailed(extent, error as Error);
      return false;
    }
    this.written(extent, this.options.clock.monotonicNow() - begunAt >= SLOW_WRITE);
    return true;
  }

  private writeOffLoop(extent: Extent): void {
    const { segment, buffer, position, offset, length } = extent;
    const { clock } = this.options;
    this.isWriting = true;
    this.writesOffLoop--;
    this.beginWaiting();
    let isSlow = false;
    // A busy event loop hears late of a write that was quick: it has looked for its end once more before it takes it for slow.
    const slowTimer = clock.setTimeout(() => clock.setImmediate(() => (isSlow = true)), SLOW_WRITE);
    // Zeros must not be filled in where these bytes are going.
    this.filler.advance(segment, offset + length);
    segment.writeAsync(buffer.subarray(position, position + length), length, offset, (error) => {
      clock.clearTimeout(slowTimer);
      this.isWriting = false;
      if (error === null) this.written(extent, isSlow);
      // Whatever was staged meanwhile lies behind it, and is given back with it.
      else this.writeError = error;
      this.goOn();
    });
  }

  private written({ segment, offset, length, batch }: Extent, isSlow: boolean): void {
    this.notePace(isSlow);
    this.unwritten.shift();
    this.dirty.add(segment);
    this.log.maxOffset = batch === undefined ? segment.endOffset : offset + length;
    if (batch !== undefined) this.options.onWritten(batch);
    this.filler.advance(segment, offset + length);
  }

  private notePace(isSlow: boolean): void {
    if (isSlow) {
      this.writesOffLoop = this.nextWritesOffLoop;
      this.nextWritesOffLoop = Math.min(2 * this.nextWritesOffLoop, MAX_WRITES_OFF_LOOP);
    } else if (this.writesOffLoop === 0) {
      this.nextWritesOffLoop = MIN_WRITES_OFF_LOOP;
    }
    this.pauseFilling();
  }

  private pauseFilling(): void {
    this.filler.isPaused = this.writesOffLoop > 0 || this.isFlushLarge;
  }

  private writeWhenFree(): void {
    this.beginWaiting();
    this.filler.whenFree(() => this.goOn());
  }

  private beginWaiting(): void {
    const { clock, osPageCacheBusyTimeOutMills } = this.options;
    this.endWaiting ??= whenOverdue(clock, osPageCacheBusyTimeOutMills, () => this.setStuck());
  }

  private goOn(): void {
    const { files, onFree } = this.options;
    this.endWaiting?.();
    this.endWaiting = undefined;
    if (this.isStuck) files.logger.log('The disk goes on: sending resumes');
    this.isStuck = false;
    onFree();
  }

  private setStuck(): void {
    const { files, osPageCacheBusyTimeOutMills, onStuck } = this.options;
    this.isStuck = true;
    files.logger.error(
      `The disk has not taken a write to the commit log for ${osPageCacheBusyTimeOutMills} ms: sending is refused until it does`,
    );
    onStuck();
  }

  private writeFailed({ segment, offset, length }: Extent, error: Error): void {
    if (isDiskFull(error)) {
      this.setDiskFull(error);
      // What the disk did take must not look like a record to a later recovery.
      fillWithZeros(segment, offset, length);
    } else if (error instanceof OpenError) {
      // Nothing was written: what is sent next is tried again.
      this.limited.error(`Messages cannot be stored now: ${error.message}`);
    } else {
      this.setFault('written', error);
    }
    this.giveBack();
  }
}

function fillWithZeros(segment: SegmentFile, offset: number, length: number): boolean {
  try {
    for (let done = 0; done < length; done += PROBE.length) {
      segment.write(PROBE, 0, Math.min(PROBE.length, length - done), offset + done);
    }
    return true;
  } catch {
    return false;
  }
}

/** What a disk that was full must take before sending resumes. */
const PROBE = Buffer.alloc(65_536);
