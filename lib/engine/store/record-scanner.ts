import { readOffset } from '../../common/int64.js';
import {
  BLANK_MAGIC_CODE,
  MIN_RECORD_SIZE,
  RecordLayout,
  storeTimestampPosition,
} from '../../common/message-layout.js';
import { BLANK_LENGTH } from './segment-roller.js';
import { hasPhysicalOffset, hasPlausibleSize, isSoundRecord } from './record-check.js';
import type { SegmentFile } from './segment-file.js';

const BLOCK_SIZE = 4 * 1024 * 1024;
/** What the magic codes of both record versions begin with. */
const MAGIC_PREFIX = Buffer.from([0xda, 0xa3, 0x20]);
const ZEROS = Buffer.alloc(BLOCK_SIZE);
const PAGE_SIZE = 4096;
/** Bytes up to the length of the body, with IPv6 hosts. */
const LONGEST_HEAD = 112;

/** Bytes of the log that hold no sound record. */
export interface DamagedRange {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

/** Called for a sound record that lies at `position` of `buffer`. */
export type RecordVisitor = (buffer: Buffer, position: number, commitLogOffset: number) => void;

/**
 * Walks over the records of one commit-log file. Where there is none, it looks for the next one: damage never hides
 * what lies behind it.
 */
export class RecordScanner {
  private buffer = Buffer.allocUnsafe(BLOCK_SIZE);
  /** The part of the file that {@link buffer} holds. */
  private bufferOffset = 0;
  private bufferEnd = 0;
  /** The latest of the records that were visited. */
  lastStoreTimestamp = 0;

  constructor(
    private readonly segment: SegmentFile,
    private readonly visit: RecordVisitor,
  ) {}

  /** Walks from `offset` to the blank that ends the file, to where no record lies, or to `limit`. Returns that place. */
  walk(offset: number, limit = this.segment.endOffset): number {
    let next = offset;
    for (;;) {
      if (next >= limit) return next;
      const size = this.recordAt(next);
      if (size <= 0) return next;
      next += size;
    }
  }

  /** Whether the file ends at `offset`: with a blank, or without room for one. */
  isEndOfFile(offset: number): boolean {
    const remaining = this.segment.endOffset - offset;
    if (remaining < BLANK_LENGTH) return true;
    const position = this.fill(offset, BLANK_LENGTH);
    const magic = this.buffer.readInt32BE(position + RecordLayout.MAGIC_CODE);
    return magic === BLANK_MAGIC_CODE && this.buffer.readInt32BE(position) === remaining;
  }

  /** The next sound record from `offset` on, or undefined when none begins before `limit`. */
  findNext(offset: number, limit = this.segment.endOffset): number | undefined {
    if (this.isBlankFrom(offset)) return undefined;
    let next = offset;
    while (next < limit) {
      const position = this.fill(next, MAGIC_PREFIX.length + RecordLayout.MAGIC_CODE);
      const held = this.bufferEnd - next;
      const magic = this.buffer
        .subarray(0, position + held)
        .indexOf(MAGIC_PREFIX, position + RecordLayout.MAGIC_CODE);
      if (magic < 0) {
        // The magic code may straddle the end of the block.
        next += Math.max(held - MAGIC_PREFIX.length - RecordLayout.MAGIC_CODE, 1);
        continue;
      }
      const candidate = this.bufferOffset + magic - RecordLayout.MAGIC_CODE;
      if (this.isRecordAt(candidate)) return candidate;
      next = candidate + 1;
    }
    return undefined;
  }

  /** Behind the last byte from `offset` on that is not zero, rounded up to a block; `offset` when all are. */
  endOfContent(offset: number): number {
    let end = offset;
    if (this.isBlankFrom(offset)) return end;
    for (let next = offset; next < this.segment.endOffset; next = this.bufferEnd) {
      const position = this.fill(next, 1);
      const length = this.bufferEnd - next;
      if (ZEROS.compare(this.buffer, position, position + length, 0, length) !== 0) end = this.bufferEnd;
    }
    return end;
  }

  /**
   * Whether only zeros follow. A file is mostly empty, and to read up to two gigabytes of nothing after every crash
   * takes seconds: when it takes up no more space than what lies before, the next megabytes decide.
   */
  private isBlankFrom(offset: number): boolean {
    const { startOffset, endOffset, allocatedSize } = this.segment;
    const spare = allocatedSize - (offset - startOffset);
    // With less space than content the file system compresses, and its figure says nothing of the rest.
    if (spare < -PAGE_SIZE || spare > BLOCK_SIZE) return false;
    const length = Math.min(BLOCK_SIZE, endOffset - offset);
    const position = this.fill(offset, length);
    return ZEROS.compare(this.buffer, position, position + length, 0, length) === 0;
  }

  /** The size of the sound record at `offset`, which was visited; 0 when there is none. */
  private recordAt(offset: number): number {
    if (!this.isRecordAt(offset)) return 0;
    const position = offset - this.bufferOffset;
    this.lastStoreTimestamp = Math.max(this.lastStoreTimestamp, this.storeTimestampAt(position));
    this.visit(this.buffer, position, offset);
    return this.buffer.readInt32BE(position);
  }

  /** Whether a sound record lies at `offset`. */
  isRecordAt(offset: number): boolean {
    const remaining = this.segment.endOffset - offset;
    if (remaining < MIN_RECORD_SIZE) return false;
    const header = this.fill(offset, Math.min(LONGEST_HEAD, remaining));
    const size = this.buffer.readInt32BE(header);
    // Checked before as much is read as a damaged size says.
    if (size > remaining || !hasPhysicalOffset(this.buffer, header, offset)) return false;
    if (!hasPlausibleSize(this.buffer, header)) return false;
    const position = this.fill(offset, size);
    const held = this.buffer.subarray(0, this.bufferEnd - this.bufferOffset);
    return isSoundRecord(held, position, offset);
  }

  private storeTimestampAt(position: number): number {
    const sysFlag = this.buffer.readInt32BE(position + RecordLayout.SYS_FLAG);
    return readOffset(this.buffer, position + storeTimestampPosition(sysFlag));
  }

  /** Makes the buffer hold `length` bytes from `offset` on, or up to the end of the file; returns their position. */
  private fill(offset: number, length: number): number {
    const end = Math.min(offset + length, this.segment.endOffset);
    if (offset >= this.bufferOffset && end <= this.bufferEnd) return offset - this.bufferOffset;
    if (length > this.buffer.length) this.buffer = Buffer.allocUnsafe(length);
    const wanted = Math.min(this.buffer.length, this.segment.endOffset - offset);
    const read = this.segment.read(this.buffer, 0, wanted, offset);
    this.buffer.fill(0, read, wanted);
    this.bufferOffset = offset;
    this.bufferEnd = offset + wanted;
    return 0;
  }
}
