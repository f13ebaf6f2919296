import { dirname } from 'node:path';
import { viewOf } from '../../common/int64.js';
import { javaHashCode } from '../../common/java-hash.js';
import { NO_BYTES } from '../../common/no-bytes.js';
import {
  CQ_UNIT_SIZE,
  isPlausible,
  liesFrom,
  MAX_UNWRITTEN_UNITS,
  PRE_BLANK_SIZE,
  preBlankUnits,
  readCqUnit,
  writeCqUnit,
  type CqUnit,
} from './cq-unit.js';
import { OffsetRanges } from './offset-ranges.js';
import type { SegmentFileQueue } from './segment-file-queue.js';
import type { SegmentFile } from './segment-file.js';
import type { Unsynced } from './unsynced.js';

/** Units for which a queue first takes memory. */
const MIN_TAIL_UNITS = 64;
/** Units that are looked at behind what seems to be the end of a queue, and past damage in a search. */
const MAX_HOLE = 1024;

/**
 * The order of the messages of one queue of a topic (ConsumeQueue): unit `n` says where in the commit log message
 * `n` lies. New units gather in memory and are written behind the log; they can all be rebuilt from it.
 */
export class ConsumeQueue {
  readonly topicBytes: Buffer;
  /** Hash of what stands before the key in the text that the index hashes. */
  readonly indexHashSeed: number;
  /** The offset that the next appended message gets; ahead of {@link maxOffset} by the messages being stored. */
  nextOffset = 0;
  /** Behind the last unit. */
  maxOffset = 0;
  /** The first unit whose message the commit log still has. */
  minOffset = 0;
  /** Whether its topic was deleted. */
  isDeleted = false;
  /** Units whose record was searched for and is not in the log. */
  readonly lost = new OffsetRanges();
  /** Repaired units that the disk did not take. */
  private readonly unwritable = new Map<number, Buffer>();
  /** Behind the last unit that is in the files. */
  private writtenOffset = 0;
  /** The newest units, unit `n` in slot `n` modulo the capacity. */
  private tail: Buffer = NO_BYTES;
  private tailView: DataView = viewOf(NO_BYTES);
  /** The first unit that `tail` holds. */
  private tailFrom = 0;
  /** Units that {@link tail} has room for: a power of two. */
  private capacity = 0;

  constructor(
    readonly topic: string,
    readonly queueId: number,
    private readonly files: SegmentFileQueue,
    private readonly unsynced: Unsynced,
  ) {
    this.topicBytes = Buffer.from(topic, 'latin1');
    this.indexHashSeed = javaHashCode(`${topic}#`);
  }

  /** Takes in the files and finds the last unit. */
  load(): void {
    this.files.load();
    this.minOffset = (this.files.first?.startOffset ?? 0) / CQ_UNIT_SIZE;
    this.setEnd(this.findEnd());
  }

  /** Gives the files that were taken in their full length. */
  completeFiles(): void {
    this.files.completeFiles();
  }

  /** Adds the unit of offset {@link maxOffset}. */
  append(commitLogOffset: number, msgSize: number, tagsCode: number): void {
    if (this.unwritten >= this.capacity) this.grow();
    this.tailFrom = Math.max(this.tailFrom, this.maxOffset - this.capacity + 1);
    const slot = (this.maxOffset % this.capacity) * CQ_UNIT_SIZE;
    writeCqUnit(this.tailView, slot, commitLogOffset, msgSize, tagsCode);
    this.maxOffset++;
  }

  /** Units that are only in memory. */
  get unwritten(): number {
    return this.maxOffset - this.writtenOffset;
  }

  /** Makes `offset` the first one of a queue that has no unit (ConsumeQueue#putMessagePositionInfo). */
  startAt(offset: number): void {
    this.minOffset = offset;
    this.setEnd(offset);
  }

  /** Whether the queue never had a message. */
  get isEmpty(): boolean {
    return this.maxOffset === 0;
  }

  /** Makes `offset` readable in a queue that begins behind it, as its record turned out to be in the log. */
  beginAt(offset: number): void {
    this.minOffset = Math.min(this.minOffset, offset);
  }

  /** Puts the last unit in the place of those up to `offset`, whose records are lost. */
  fillWithLost(offset: number): void {
    if (this.isEmpty) return this.startAt(offset);
    this.lost.add(this.maxOffset, offset);
    const last = this.unitAt(this.maxOffset - 1);
    // Apache's broker then delivers a message twice, where bytes of no message would stop its clients.
    const unit = isPlausible(last) ? last : { commitLogOffset: 0, msgSize: PRE_BLANK_SIZE, tagsCode: 0 };
    while (this.maxOffset < offset) {
      this.append(unit.commitLogOffset, unit.msgSize, unit.tagsCode);
      this.relieve();
    }
  }

  /** While the queue is built anew: writes what has gathered, if the disk takes it. Else that is done when the store is open. */
  relieve(): void {
    if (this.unwritten === 0 || this.unwritten % MAX_UNWRITTEN_UNITS !== 0) return;
    try {
      this.write();
      this.releaseTail();
    } catch {
      // It stays in memory.
    }
  }

  /** The unit of `offset`, or undefined when it is not in the queue. */
  unitAt(offset: number): CqUnit | undefined {
    return this.readUnits(offset, 1, ONE_UNIT) === 1 ? readCqUnit(ONE_UNIT, 0) : undefined;
  }

  /** Copies up to `count` units from `offset` on into `target`; returns how many there are. */
  readUnits(offset: number, count: number, target: Buffer): number {
    if (offset < 0 || offset >= this.maxOffset) return 0;
    const end = Math.min(offset + count, this.maxOffset);
    const fileEnd = Math.min(end, this.tailFrom);
    if (offset < fileEnd) this.readFiles(offset, fileEnd, target);
    for (let next = Math.max(offset, fileEnd); next < end; next++) {
      const slot = (next % this.capacity) * CQ_UNIT_SIZE;
      this.tail.copy(target, (next - offset) * CQ_UNIT_SIZE, slot, slot + CQ_UNIT_SIZE);
    }
    return end - offset;
  }

  /** Replaces a unit that was found damaged. */
  repairUnit(offset: number, commitLogOffset: number, msgSize: number, tagsCode: number): void {
    this.lost.remove(offset, offset + 1);
    if (offset >= this.tailFrom) {
      writeCqUnit(this.tailView, (offset % this.capacity) * CQ_UNIT_SIZE, commitLogOffset, msgSize, tagsCode);
    }
    if (offset >= this.writtenOffset) return;
    writeCqUnit(viewOf(ONE_UNIT), 0, commitLogOffset, msgSize, tagsCode);
    try {
      this.writeFiles(ONE_UNIT, 0, offset, 1);
    } catch {
      // The disk that damaged it may not take it either; the message can still be read until the next start.
      this.unwritable.set(offset, Buffer.from(ONE_UNIT));
    }
  }

  /** Writes what is only in memory to the files; the kernel has it then, the disk not yet. */
  write(): void {
    while (this.writtenOffset < this.maxOffset) {
      const slot = this.writtenOffset % this.capacity;
      const count = Math.min(this.maxOffset - this.writtenOffset, this.capacity - slot);
      this.writtenOffset += this.writeFiles(this.tail, slot * CQ_UNIT_SIZE, this.writtenOffset, count);
    }
  }

  /** Frees the memory of a queue whose units are all written. */
  releaseTail(): void {
    this.setTail(NO_BYTES);
    this.tailFrom = this.maxOffset;
  }

  /** Drops the units of records at `commitLogOffset` and behind it (ConsumeQueue#truncateDirtyLogicFiles). */
  truncateFrom(commitLogOffset: number): void {
    let end = this.lowerBound(commitLogOffset);
    while (this.endsBefore(end, commitLogOffset)) end++;
    if (end === this.maxOffset) return;
    this.write();
    this.clearFrom(end);
    this.lost.remove(end, this.maxOffset);
    this.setEnd(end);
  }

  /** Damage beside a unit may make the search distrust it. */
  private endsBefore(offset: number, commitLogOffset: number): boolean {
    const unit = this.unitAt(offset);
    return isPlausible(unit) && unit.commitLogOffset + unit.msgSize <= commitLogOffset;
  }

  /** Moves {@link minOffset} to the first unit whose record is not below `minCommitLogOffset`. */
  correctMinOffset(minCommitLogOffset: number): void {
    const { minOffset } = this;
    // In most queues nothing has expired since the last time.
    if (this.decideFrom(minOffset, minOffset + 1, (unit) => liesFrom(unit, minCommitLogOffset))?.verdict)
      return;
    this.minOffset = Math.max(minOffset, this.lowerBound(minCommitLogOffset));
    this.lost.remove(0, this.minOffset);
  }

  /** Deletes the files whose units are all below {@link minOffset}; the last one stays. */
  deleteExpiredFiles(): void {
    for (
      let first = this.files.first;
      first !== undefined && first !== this.files.last;
      first = this.files.first
    ) {
      if (first.endOffset / CQ_UNIT_SIZE > this.minOffset) return;
      this.files.remove(first);
    }
  }

  /** Deletes the queue with its files. */
  destroy(): void {
    this.files.destroy();
    this.setTail(NO_BYTES);
    this.setEnd(0);
    this.minOffset = 0;
  }

  /**
   * The first offset from `from` to the end whose unit satisfies a condition that stays true once it is. Where
   * damage leaves that open, or the condition is undecided, the offset is rather too low than too high.
   */
  findFirst(from: number, satisfies: (unit: CqUnit) => boolean | undefined): number {
    let low = from;
    let high = this.maxOffset;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const found = this.decideFrom(middle, high, satisfies);
      if (found === undefined || found.verdict) high = middle;
      else low = found.offset + 1;
    }
    return low;
  }

  /** The verdict on the first unit from `offset` on that can be believed. */
  private decideFrom(
    offset: number,
    end: number,
    satisfies: (unit: CqUnit) => boolean | undefined,
  ): { offset: number; verdict: boolean } | undefined {
    const limit = Math.min(end, offset + MAX_HOLE);
    for (let next = offset; next < limit; next++) {
      const unit = this.unitAt(next);
      const verdict = unit !== undefined && this.isInOrder(next, unit) ? satisfies(unit) : undefined;
      if (verdict !== undefined) return { offset: next, verdict };
    }
    return undefined;
  }

  /** Whether a unit can lie between its neighbours. */
  private isInOrder(offset: number, unit: CqUnit): boolean {
    if (!isPlausible(unit)) return false;
    const before = this.unitAt(offset - 1);
    const after = this.unitAt(offset + 1);
    return (
      !(isPlausible(before) && before.commitLogOffset > unit.commitLogOffset) &&
      !(isPlausible(after) && after.commitLogOffset < unit.commitLogOffset)
    );
  }

  private lowerBound(commitLogOffset: number): number {
    return this.findFirst(this.minOffset, (unit) => liesFrom(unit, commitLogOffset));
  }

  private setEnd(offset: number): void {
    this.nextOffset = offset;
    this.maxOffset = offset;
    this.writtenOffset = offset;
    this.tailFrom = offset;
  }

  /** The end of the written units: in the last file that has any, they are followed by zeros. */
  private findEnd(): number {
    for (const segment of this.files.segments.toReversed()) {
      const start = segment.startOffset / CQ_UNIT_SIZE;
      // The search reads through `unitAt`, for which every unit of the file must count as being there.
      this.setEnd(segment.endOffset / CQ_UNIT_SIZE);
      const end = this.findEndIn(start, this.maxOffset);
      if (end > start) return end;
    }
    return this.minOffset;
  }

  /** Zeros may also be a hole that damage made, so the search looks a little beyond. */
  private findEndIn(start: number, fileEnd: number): number {
    let end = start;
    for (let next: number | undefined = start; next !== undefined; next = this.nextWritten(end, fileEnd)) {
      end = this.firstBlank(next, fileEnd);
    }
    return end;
  }

  private firstBlank(from: number, to: number): number {
    let low = from;
    let high = to;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.unitAt(middle)!.msgSize > 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private nextWritten(from: number, fileEnd: number): number | undefined {
    const units = Buffer.alloc(Math.min(MAX_HOLE, fileEnd - from) * CQ_UNIT_SIZE);
    this.readUnits(from, units.length / CQ_UNIT_SIZE, units);
    if (units.equals(BLANK_UNITS.subarray(0, units.length))) return undefined;
    return from + Math.floor(units.findIndex((byte) => byte !== 0) / CQ_UNIT_SIZE) + 1;
  }

  private grow(): void {
    const grown = Buffer.allocUnsafe(Math.max(MIN_TAIL_UNITS, this.capacity * 2) * CQ_UNIT_SIZE);
    const capacity = grown.length / CQ_UNIT_SIZE;
    for (let offset = this.tailFrom; offset < this.maxOffset; offset++) {
      const slot = (offset % this.capacity) * CQ_UNIT_SIZE;
      this.tail.copy(grown, (offset % capacity) * CQ_UNIT_SIZE, slot, slot + CQ_UNIT_SIZE);
    }
    this.setTail(grown);
  }

  private setTail(tail: Buffer): void {
    this.tail = tail;
    this.tailView = viewOf(tail);
    this.capacity = tail.length / CQ_UNIT_SIZE;
  }

  /** Units of a file that is missing read as zeros, as damaged ones do. */
  private readFiles(offset: number, end: number, target: Buffer): void {
    const unitsPerFile = this.files.fileSize / CQ_UNIT_SIZE;
    target.fill(0, 0, (end - offset) * CQ_UNIT_SIZE);
    for (let next = offset; next < end;) {
      const count = Math.min(end - next, unitsPerFile - (next % unitsPerFile));
      const position = next * CQ_UNIT_SIZE;
      this.files.find(position)?.read(target, (next - offset) * CQ_UNIT_SIZE, count * CQ_UNIT_SIZE, position);
      next += count;
    }
    for (const [unwritten, unit] of this.unwritable) {
      if (unwritten >= offset && unwritten < end) unit.copy(target, (unwritten - offset) * CQ_UNIT_SIZE);
    }
  }

  /** Writes units to the file that holds the first of them; returns how many fitted into it. */
  private writeFiles(source: Buffer, sourcePosition: number, offset: number, count: number): number {
    const segment = this.segmentFor(offset);
    const fitting = Math.min(count, segment.endOffset / CQ_UNIT_SIZE - offset);
    segment.write(source, sourcePosition, fitting * CQ_UNIT_SIZE, offset * CQ_UNIT_SIZE);
    this.unsynced.segments.add(segment);
    return fitting;
  }

  private segmentFor(offset: number): SegmentFile {
    const position = offset * CQ_UNIT_SIZE;
    return this.files.find(position) ?? this.createSegment(position);
  }

  private createSegment(position: number): SegmentFile {
    const isFirst = this.files.first === undefined;
    const segment = this.files.create(position - (position % this.files.fileSize));
    this.noteCreated(isFirst);
    const blank = preBlankUnits(isFirst ? (position - segment.startOffset) / CQ_UNIT_SIZE : 0);
    if (blank.length > 0) segment.write(blank, 0, blank.length, segment.startOffset);
    return segment;
  }

  /** With the first file of a queue its directories may be new, too. */
  private noteCreated(isFirst: boolean): void {
    let { directory } = this.files;
    this.unsynced.directories.add(directory);
    for (let level = 0; isFirst && level < DIRECTORY_DEPTH; level++) {
      directory = dirname(directory);
      this.unsynced.directories.add(directory);
    }
  }

  /** Clears the files from `offset` on, so that no later start takes what is there for units, even behind a hole. */
  private clearFrom(offset: number): void {
    const position = offset * CQ_UNIT_SIZE;
    this.files.removeFrom(position);
    const segment = this.files.find(position);
    if (segment === undefined) return;
    segment.clearFrom(position);
    this.unsynced.segments.add(segment);
  }
}

const BLANK_UNITS = Buffer.alloc(MAX_HOLE * CQ_UNIT_SIZE);
/** Directories between the root of the store and the files of a queue: `consumequeue`, topic, queue id. */
const DIRECTORY_DEPTH = 3;
/** Scratch space of calls that end before the next one starts. */
const ONE_UNIT = Buffer.alloc(CQ_UNIT_SIZE);
