import { settled } from '../../common/file-system.js';
import { readOffset, setInt64, viewOf, writeInt64 } from '../../common/int64.js';
import { NO_BYTES } from '../../common/no-bytes.js';
import type { OpenFiles } from './open-files.js';
import { SegmentFile } from './segment-file.js';

const HEADER_SIZE = 40;
const SLOT_SIZE = 4;
const UNIT_SIZE = 20;
/** Slots are written back in pages of this many bytes, and so many of them with one call. */
const PAGE_SIZE = 4096;
const PAGES_PER_WRITE = 64;
/** Units are written when so many bytes of them are in memory. */
const UNIT_BUFFER_SIZE = 256 * 1024;
/** Units that are read at once: neighbours of a key that many messages have lie close. */
const UNITS_PER_READ = 204;
/** How many entries of one hash are looked through for one of the newest record. */
const MAX_KEYS_OF_RECORD = 64;

/** How many reads a search may still take: it keeps the event loop for as long. */
export interface ReadBudget {
  reads: number;
}

/** Where an index entry points. */
export interface IndexEntry {
  readonly commitLogOffset: number;
  readonly storeTimestamp: number;
}

/**
 * A hash index from keys to records (IndexFile): slots with the newest entry of each chain, and entries ("units",
 * from 1) that name the one before them. Entries gather in memory and are written behind the log.
 */
export class IndexFile {
  beginTimestamp = 0;
  endTimestamp = 0;
  beginPhyOffset = 0;
  endPhyOffset = 0;
  private hashSlotCount = 0;
  /** Number of the next unit; the first one is 1. */
  private indexCount = 1;
  /** The newest unit of each slot; present while the file is being written. */
  private slots: DataView | undefined;
  /** One byte for each page of the slots: whether it changed since it was written. */
  private readonly dirtyPages: Uint8Array;
  isDirty = false;
  /** Units from `writtenCount` on. */
  private pending: Buffer = NO_BYTES;
  private pendingView = viewOf(NO_BYTES);
  private writtenCount = 1;
  isCreated = true;
  /** A sector that cannot be read costs the entries in it, as it does in the log. */
  readonly file: SegmentFile;

  constructor(
    path: string,
    private readonly maxHashSlotNum: number,
    private readonly maxIndexNum: number,
    openFiles: OpenFiles,
  ) {
    const size = HEADER_SIZE + maxHashSlotNum * SLOT_SIZE + maxIndexNum * UNIT_SIZE;
    this.file = new SegmentFile(path, 0, size, openFiles);
    this.dirtyPages = new Uint8Array(Math.ceil((maxHashSlotNum * SLOT_SIZE) / PAGE_SIZE));
  }

  get isFull(): boolean {
    return this.indexCount >= this.maxIndexNum;
  }

  get isEmpty(): boolean {
    return this.indexCount <= 1;
  }

  /** Units that are only in memory. */
  get unwritten(): number {
    return this.indexCount - this.writtenCount;
  }

  /** A new file; its times and offsets go on where those of the previous one ended (IndexService#getAndCreateLastIndexFile). */
  create(endPhyOffset: number, endTimestamp: number): void {
    this.isCreated = false;
    this.beginPhyOffset = this.endPhyOffset = endPhyOffset;
    this.beginTimestamp = this.endTimestamp = endTimestamp;
  }

  /** Reads the header; false when it cannot be that of a file with entries behind `previousEnd`. */
  load(previousEnd: number): boolean {
    const header = Buffer.alloc(HEADER_SIZE);
    this.file.read(header, 0, HEADER_SIZE, 0);
    this.beginTimestamp = readOffset(header, 0);
    this.endTimestamp = readOffset(header, 8);
    this.beginPhyOffset = readOffset(header, 16);
    this.endPhyOffset = readOffset(header, 24);
    this.hashSlotCount = header.readInt32BE(32);
    this.indexCount = Math.min(Math.max(header.readInt32BE(36), 1), this.maxIndexNum);
    this.writtenCount = this.indexCount;
    return !this.isEmpty && this.beginPhyOffset >= previousEnd && this.endPhyOffset >= this.beginPhyOffset;
  }

  /** Whether the last unit is what the header ends with, as it is after a clean end: the header has no checksum. */
  endsWithLastUnit(): boolean {
    const unit = Buffer.alloc(UNIT_SIZE);
    this.file.read(unit, 0, UNIT_SIZE, this.unitPosition(this.indexCount - 1));
    if (readOffset(unit, 4) !== this.endPhyOffset) return false;
    // The first one counts from the end of the file before.
    return this.indexCount === 2 || unit.readInt32BE(12) === this.secondsSinceBegin(this.endTimestamp);
  }

  /** Makes {@link put} possible; false when the file is full or, with a slot that cannot be read, must stay as it is. */
  prepare(): boolean {
    if (this.isFull) return false;
    try {
      this.slots ??= this.loadSlots();
      return true;
    } catch {
      return false;
    }
  }

  /** Adds an entry; the caller has called {@link prepare}. */
  put(keyHash: number, commitLogOffset: number, storeTimestamp: number): void {
    const slots = this.slots!;
    const slot = (keyHash % this.maxHashSlotNum) * SLOT_SIZE;
    const previous = this.validUnit(slots.getInt32(slot));
    this.appendUnit(keyHash, commitLogOffset, this.secondsSinceBegin(storeTimestamp), previous);
    slots.setInt32(slot, this.indexCount);
    this.dirtyPages[Math.floor(slot / PAGE_SIZE)] = 1;
    this.isDirty = true;
    if (this.isEmpty) {
      this.beginPhyOffset = commitLogOffset;
      this.beginTimestamp = storeTimestamp;
    }
    if (previous === 0) this.hashSlotCount++;
    this.indexCount++;
    this.endPhyOffset = commitLogOffset;
    this.endTimestamp = storeTimestamp;
  }

  /** Whether the newest entries include this one. */
  has(keyHash: number, commitLogOffset: number): boolean {
    const newest = this.find(keyHash, MAX_KEYS_OF_RECORD, 0, Number.MAX_SAFE_INTEGER);
    return newest.some((entry) => entry.commitLogOffset === commitLogOffset);
  }

  /**
   * The entries of a key hash within a time range, newest first, at most `max`, and as far as the budget goes. Entries of 0 seconds may
   * be of any time before: the caller looks at the time of the record.
   */
  find(keyHash: number, max: number, begin: number, end: number, budget?: ReadBudget): IndexEntry[] {
    const found: IndexEntry[] = [];
    const units = Buffer.alloc(UNITS_PER_READ * UNIT_SIZE);
    let number = this.validUnit(this.readSlot((keyHash % this.maxHashSlotNum) * SLOT_SIZE));
    // The first unit of those that were read, which end where reading began.
    for (let first = number + 1; number !== 0 && found.length < max;) {
      if (number < first) {
        if (budget !== undefined && budget.reads-- <= 0) break;
        first = this.readUnitsTo(number, units);
      }
      const position = (number - first) * UNIT_SIZE;
      const secondsSinceBegin = units.readInt32BE(position + 12);
      const storeTimestamp = this.beginTimestamp + secondsSinceBegin * 1000;
      if (secondsSinceBegin < 0 || storeTimestamp < begin) break;
      const isUntil = secondsSinceBegin === 0 || storeTimestamp <= end;
      if (units.readInt32BE(position) === keyHash && isUntil) {
        found.push({ commitLogOffset: readOffset(units, position + 4), storeTimestamp });
      }
      const previous = this.validUnit(units.readInt32BE(position + 16));
      // Chains only lead backwards; anything else is damage.
      number = previous < number ? previous : 0;
    }
    return found;
  }

  /** Whether entries of the time range can be here; a file that was begun while the clock was ahead ends before it begins. */
  overlaps(begin: number, end: number): boolean {
    return begin <= this.endTimestamp && end >= Math.min(this.beginTimestamp, this.endTimestamp);
  }

  /**
   * Writes entries, then the header that counts them. The slots that point to them follow with {@link writeSlots}; but those of a
   * file that was recovered come first: the last checkpoint, by whose time they will be trusted, may be younger than its entries.
   */
  write(isRecovered = false): void {
    if (!this.isDirty) return;
    if (!this.isCreated) this.file.create();
    this.isCreated = true;
    if (isRecovered) this.writeAllSlots();
    this.writeUnits();
    if (isRecovered) this.file.sync();
    this.writeHeader();
    this.isDirty = false;
  }

  /**
   * Writes the slots that have changed so far, off the event loop: they are all over the file, and many megabytes. After a crash
   * they are computed from the entries.
   */
  async writeSlots(): Promise<void> {
    const { dirtyPages } = this;
    const piece = Buffer.allocUnsafe(PAGES_PER_WRITE * PAGE_SIZE);
    for (let first = dirtyPages.indexOf(1); first >= 0;) {
      const end = dirtyPages.subarray(first, first + PAGES_PER_WRITE).lastIndexOf(1) + first + 1;
      await this.writePages(first, end, piece);
      first = dirtyPages.indexOf(1, end);
    }
  }

  get hasStaleSlots(): boolean {
    return this.dirtyPages.includes(1);
  }

  /** Frees the memory of a file that is full and written. */
  releaseSlots(): void {
    this.slots = undefined;
    this.setPending(NO_BYTES);
  }

  /**
   * After an unclean end: rebuilds the slots from the entries, which are only ever appended, and drops everything
   * from the first one on that contradicts those before it or belongs to a record at `limit` or behind it.
   */
  repair(limit: number): void {
    const slots = Buffer.alloc(this.maxHashSlotNum * SLOT_SIZE);
    const count = this.indexCount;
    this.hashSlotCount = 0;
    this.indexCount = 1;
    this.endPhyOffset = this.beginPhyOffset;
    this.endTimestamp = this.beginTimestamp;
    this.scanUnits(count, (unit, position) => this.relink(slots, unit, position, limit));
    this.writtenCount = this.indexCount;
    this.slots = viewOf(slots);
    this.dirtyPages.fill(1);
    this.isDirty = true;
  }

  private relink(slots: Buffer, units: Buffer, position: number, limit: number): boolean {
    const keyHash = units.readInt32BE(position);
    const slot = (keyHash % this.maxHashSlotNum) * SLOT_SIZE;
    const commitLogOffset = readOffset(units, position + 4);
    const secondsSinceBegin = units.readInt32BE(position + 12);
    if (keyHash < 0 || commitLogOffset < this.endPhyOffset || secondsSinceBegin < 0) return false;
    if (commitLogOffset >= limit) return false;
    if (units.readInt32BE(position + 16) !== slots.readInt32BE(slot)) return false;
    if (slots.readInt32BE(slot) === 0) this.hashSlotCount++;
    slots.writeInt32BE(this.indexCount, slot);
    this.indexCount++;
    this.endPhyOffset = commitLogOffset;
    this.endTimestamp = this.beginTimestamp + secondsSinceBegin * 1000;
    return true;
  }

  /** Passes units 1 to `count - 1` to `visit` until it returns false. */
  private scanUnits(count: number, visit: (units: Buffer, position: number) => boolean): void {
    const units = Buffer.alloc(UNIT_BUFFER_SIZE - (UNIT_BUFFER_SIZE % UNIT_SIZE));
    const perRead = units.length / UNIT_SIZE;
    for (let first = 1; first < count; first += perRead) {
      const present = Math.min(perRead, count - first);
      this.file.read(units, 0, present * UNIT_SIZE, this.unitPosition(first));
      for (let i = 0; i < present; i++) if (!visit(units, i * UNIT_SIZE)) return;
    }
  }

  private secondsSinceBegin(storeTimestamp: number): number {
    if (this.beginTimestamp <= 0) return 0;
    const seconds = Math.trunc((storeTimestamp - this.beginTimestamp) / 1000);
    return Math.min(Math.max(seconds, 0), 0x7fffffff);
  }

  private validUnit(number: number): number {
    return number > 0 && number < this.indexCount ? number : 0;
  }

  private appendUnit(keyHash: number, commitLogOffset: number, seconds: number, previous: number): void {
    if ((this.indexCount - this.writtenCount + 1) * UNIT_SIZE > this.pending.length) this.makeRoom();
    const position = (this.indexCount - this.writtenCount) * UNIT_SIZE;
    const view = this.pendingView;
    view.setInt32(position, keyHash);
    setInt64(view, position + 4, commitLogOffset);
    view.setInt32(position + 12, seconds);
    view.setInt32(position + 16, previous);
  }

  /** What the disk does not take stays in memory: the next {@link write} says so, and sending is then refused. */
  private makeRoom(): void {
    try {
      if (this.isCreated) this.writeUnits();
    } catch {
      // Grows below.
    }
    const length = (this.indexCount - this.writtenCount) * UNIT_SIZE;
    if (length + UNIT_SIZE <= this.pending.length) return;
    const grown = Buffer.allocUnsafe(Math.max(UNIT_BUFFER_SIZE, 2 * this.pending.length));
    this.pending.copy(grown, 0, 0, length);
    this.setPending(grown);
  }

  private setPending(pending: Buffer): void {
    this.pending = pending;
    this.pendingView = viewOf(pending);
  }

  private readSlot(position: number): number {
    if (this.slots !== undefined) return this.slots.getInt32(position);
    const slot = Buffer.alloc(SLOT_SIZE);
    this.file.read(slot, 0, SLOT_SIZE, HEADER_SIZE + position);
    return slot.readInt32BE(0);
  }

  /** Reads a unit and those before it; returns the number of the first of them. */
  private readUnitsTo(number: number, target: Buffer): number {
    const isPending = number >= this.writtenCount;
    const first = Math.max(number - UNITS_PER_READ + 1, isPending ? this.writtenCount : 1);
    const length = (number - first + 1) * UNIT_SIZE;
    if (isPending) {
      const start = (first - this.writtenCount) * UNIT_SIZE;
      this.pending.copy(target, 0, start, start + length);
    } else {
      this.file.read(target, 0, length, this.unitPosition(first));
    }
    return first;
  }

  private unitPosition(number: number): number {
    return HEADER_SIZE + this.maxHashSlotNum * SLOT_SIZE + number * UNIT_SIZE;
  }

  private loadSlots(): DataView {
    const slots = Buffer.alloc(this.maxHashSlotNum * SLOT_SIZE);
    if (!this.isEmpty) this.file.readOrThrow(slots, 0, slots.length, HEADER_SIZE);
    return viewOf(slots);
  }

  private writeUnits(): void {
    const length = (this.indexCount - this.writtenCount) * UNIT_SIZE;
    if (length === 0) return;
    this.file.write(this.pending, 0, length, this.unitPosition(this.writtenCount));
    this.writtenCount = this.indexCount;
  }

  private writeAllSlots(): void {
    const { buffer, byteOffset, byteLength } = this.slots!;
    this.file.write(Buffer.from(buffer, byteOffset, byteLength), 0, byteLength, HEADER_SIZE);
    this.dirtyPages.fill(0);
  }

  /** What changes while it is written is written again. */
  private async writePages(first: number, end: number, piece: Buffer): Promise<void> {
    const { buffer, byteOffset, byteLength } = this.slots!;
    const start = first * PAGE_SIZE;
    const length = Buffer.from(buffer, byteOffset, byteLength).copy(piece, 0, start, end * PAGE_SIZE);
    this.dirtyPages.fill(0, first, end);
    try {
      await settled((done) => this.file.writeAsync(piece, length, HEADER_SIZE + start, done));
    } catch (error) {
      this.dirtyPages.fill(1, first, end);
      throw error;
    }
  }

  private writeHeader(): void {
    const header = Buffer.alloc(HEADER_SIZE);
    writeInt64(header, 0, this.beginTimestamp);
    writeInt64(header, 8, this.endTimestamp);
    writeInt64(header, 16, this.beginPhyOffset);
    writeInt64(header, 24, this.endPhyOffset);
    header.writeInt32BE(this.hashSlotCount, 32);
    header.writeInt32BE(this.indexCount, 36);
    this.file.write(header, 0, HEADER_SIZE, 0);
  }
}
