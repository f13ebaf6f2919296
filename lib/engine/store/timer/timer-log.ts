import { join } from 'node:path';
import { makeDurableDirectory } from '../../../common/durable-directory.js';
import type { FileCallback } from '../../../common/file-system.js';
import { syncAll, type SegmentFile } from '../segment-file.js';
import { SegmentFileQueue, type StoreFiles } from '../segment-file-queue.js';
import {
  isTimerBlank,
  readTimerUnit,
  TIMER_BLANK_SIZE,
  TIMER_UNIT_SIZE,
  timerBlank,
  writeTimerUnit,
  type TimerUnit,
} from './timer-unit.js';

/** Units that are written with one call, and read with one. */
const UNITS_PER_WRITE = 1024;
const WINDOW = 64 * 1024;

/** A waiting message for each unit, in the order in which they came (TimerLog): `timerlog/`. */
export class TimerLog {
  private readonly segments: SegmentFileQueue;
  private readonly staged = Buffer.alloc(UNITS_PER_WRITE * TIMER_UNIT_SIZE);
  private stagedLength = 0;
  /** Behind the last byte that the kernel has. */
  private writtenTo = 0;
  private readonly dirty = new Set<SegmentFile>();
  /** What lies before it is on the disk. */
  private dirtyFrom = 0;
  private readonly window = Buffer.alloc(WINDOW);
  private windowStart = 0;
  private windowEnd = 0;

  constructor(
    storePath: string,
    fileSize: number,
    private readonly files: StoreFiles,
  ) {
    const directory = join(storePath, 'timerlog');
    this.segments = new SegmentFileQueue(directory, fileSize, 'mappedFileSizeTimerLog', files);
  }

  /** @throws ConfigurationError when the files have another length. */
  load(): void {
    this.segments.load();
    this.segments.completeFiles();
    this.dirtyFrom = this.writtenTo = this.endOffset = this.startOffset;
  }

  get startOffset(): number {
    return this.segments.first?.startOffset ?? 0;
  }

  /** Behind the last unit, written or not. */
  endOffset = 0;

  /** Calls back for every unit from the first one on, as long as it answers yes, and continues behind the last sound one. */
  scan(visit: (unit: TimerUnit, position: number) => boolean): void {
    let position = this.startOffset;
    scan: for (const segment of this.segments.segments) {
      if (segment.startOffset !== position) break;
      while (position < segment.endOffset) {
        const place = this.place(position, segment);
        if (place === undefined) break scan;
        if (isTimerBlank(this.window, place)) position = segment.endOffset;
        else {
          const unit = readTimerUnit(this.window, place);
          if (unit === undefined || !visit(unit, position)) break scan;
          position += TIMER_UNIT_SIZE;
        }
      }
    }
    this.dirtyFrom = this.writtenTo = this.endOffset = position;
  }

  /** Position of the unit, which is only in memory until {@link write}. */
  append(unit: TimerUnit): number {
    if (this.stagedLength === this.staged.length) this.write();
    const free = this.segmentEnd(this.endOffset) - this.endOffset;
    if (free < TIMER_UNIT_SIZE + TIMER_BLANK_SIZE) this.roll(free);
    writeTimerUnit(this.staged, this.stagedLength, unit);
    this.stagedLength += TIMER_UNIT_SIZE;
    this.endOffset += TIMER_UNIT_SIZE;
    return this.endOffset - TIMER_UNIT_SIZE;
  }

  /** Gives everything to the kernel; after an error it may be called again. */
  write(): void {
    if (this.stagedLength === 0) return;
    const segment = this.segmentAt(this.writtenTo);
    segment.write(this.staged, 0, this.stagedLength, this.writtenTo);
    this.dirty.add(segment);
    this.writtenTo += this.stagedLength;
    this.stagedLength = 0;
    this.windowEnd = 0;
  }

  /** A unit that was written; undefined when it is damaged. */
  read(position: number): TimerUnit | undefined {
    // What a full disk did not take before.
    if (position >= this.writtenTo) this.write();
    const segment = this.segments.find(position);
    if (segment === undefined || position + TIMER_UNIT_SIZE > this.writtenTo) return undefined;
    const place = this.place(position, segment);
    return place === undefined ? undefined : readTimerUnit(this.window, place);
  }

  sync(done: FileCallback): void {
    const segments = [...this.dirty];
    const from = this.dirtyFrom;
    this.dirty.clear();
    this.dirtyFrom = this.writtenTo;
    syncAll(segments, (error) => {
      if (error !== null) this.rewrite(segments, from);
      done(error);
    });
  }

  /** Deletes the files whose last unit stands for a record below `minCommitLogOffset`. */
  deleteExpired(minCommitLogOffset: number): void {
    const { first, last } = this.segments;
    if (first === undefined || first === last) return;
    const size = first.size - TIMER_BLANK_SIZE;
    const lastUnit = first.startOffset + size - (size % TIMER_UNIT_SIZE) - TIMER_UNIT_SIZE;
    const unit = this.read(lastUnit);
    if (unit === undefined || unit.offsetPy >= minCommitLogOffset) return;
    this.dirty.delete(first);
    this.segments.remove(first);
    this.deleteExpired(minCommitLogOffset);
  }

  /** Deletes everything. */
  clear(): void {
    this.dirty.clear();
    this.segments.removeFrom(0);
    this.segments.hasGap = false;
    this.stagedLength = this.dirtyFrom = this.writtenTo = this.endOffset = this.windowEnd = 0;
  }

  /** What a crash left behind the last unit must not pass for units later. */
  cutBehindEnd(): void {
    const segment = this.segments.find(this.endOffset);
    const next = segment === undefined ? this.endOffset : segment.endOffset;
    this.segments.removeFrom(next);
    if (segment === undefined) return;
    const zeros = Buffer.alloc(Math.min(WINDOW, segment.size));
    for (let at = this.endOffset; at < segment.endOffset; at += zeros.length) {
      const length = Math.min(zeros.length, segment.endOffset - at);
      segment.read(zeros, 0, length, at);
      if (isZero(zeros.subarray(0, length))) return;
      segment.write(zeros.fill(0), 0, length, at);
      this.dirty.add(segment);
    }
  }

  private rewrite(segments: readonly SegmentFile[], from: number): void {
    for (const segment of segments) this.dirty.add(segment);
    this.dirtyFrom = Math.min(this.dirtyFrom, from);
    this.segments.rewrite(this.dirtyFrom, this.writtenTo);
  }

  private roll(free: number): void {
    this.write();
    const segment = this.segmentAt(this.endOffset);
    segment.write(timerBlank(free), 0, TIMER_BLANK_SIZE, this.endOffset);
    this.dirty.add(segment);
    this.writtenTo = this.endOffset = segment.endOffset;
  }

  private segmentEnd(offset: number): number {
    const { fileSize } = this.segments;
    return offset - (offset % fileSize) + fileSize;
  }

  private segmentAt(offset: number): SegmentFile {
    const { fileSystem } = this.files;
    const found = this.segments.find(offset);
    if (found !== undefined) return found;
    makeDurableDirectory(fileSystem, this.segments.directory);
    const created = this.segments.create(offset - (offset % this.segments.fileSize));
    fileSystem.syncDirectory(this.segments.directory);
    return created;
  }

  /** Where the unit lies in the window, which is moved in the direction of the reader if need be. */
  private place(position: number, segment: SegmentFile): number | undefined {
    const isInside = position >= this.windowStart && position + TIMER_UNIT_SIZE <= this.windowEnd;
    if (!isInside) {
      const end = position + TIMER_UNIT_SIZE;
      const isBackward = position < this.windowStart;
      const start = isBackward ? Math.max(segment.startOffset, end - WINDOW) : position;
      const length = Math.min(WINDOW, segment.endOffset - start);
      // A read that fails leaves an empty window.
      this.windowEnd = 0;
      this.windowStart = start;
      this.windowEnd = start + segment.read(this.window, 0, length, start);
    }
    const place = position - this.windowStart;
    // The blank is shorter than a unit.
    return position + TIMER_BLANK_SIZE <= this.windowEnd && place + TIMER_UNIT_SIZE <= WINDOW
      ? place
      : undefined;
  }
}

function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}
