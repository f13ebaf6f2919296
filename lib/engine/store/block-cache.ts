import type { CommitLog } from './commit-log.js';
import type { SegmentFile } from './segment-file.js';

export const BLOCK_SIZE = 128 * 1024;
const MAX_BLOCKS = 32;
/** Blocks that come from the disk at the same time; what others would hold is read record by record meanwhile. */
const MAX_READS = 8;

/** Bytes of one file of the log. */
interface Block {
  readonly buffer: Buffer;
  readonly startOffset: number;
  readonly endOffset: number;
}

/** Whether the block is there now. */
type BlockCallback = (isThere: boolean) => void;

/**
 * Stretches of the commit log that were read from its files lately. The queues of a topic lie side by side in the log: what is
 * read for one of them is asked for by the others next. Only bytes that were written are in a block, and those never change.
 */
export class BlockCache {
  /** By number, the oldest first. */
  private readonly blocks = new Map<number, Block>();
  /** Who waits for blocks that are being read. */
  private readonly waiting = new Map<number, BlockCallback[]>();

  constructor(private readonly log: CommitLog) {}

  /** Whether bytes lie in one block, if it is there. */
  canHold(offset: number, length: number): boolean {
    return numberOf(offset) === numberOf(offset + length - 1);
  }

  /** Copies bytes of one block; false when they are not here. */
  copy(offset: number, length: number, target: Buffer, targetStart: number): boolean {
    const block = this.blocks.get(numberOf(offset));
    if (block === undefined || offset < block.startOffset || offset + length > block.endOffset) return false;
    const start = offset - block.startOffset;
    block.buffer.copy(target, targetStart, start, start + length);
    return true;
  }

  /** Reads the block of `offset`; false when the disk does not give all of it, which says nothing of the record that is wanted. */
  read(segment: SegmentFile, offset: number): boolean {
    const block = this.emptyBlock(segment, offset);
    const { buffer, startOffset, endOffset } = block;
    try {
      return this.add(block, segment.read(buffer, 0, endOffset - startOffset, startOffset));
    } catch {
      return false;
    }
  }

  /** The same without blocking, and with the next block for who comes from the one before. */
  readAsync(segment: SegmentFile, offset: number, done: BlockCallback): void {
    const number = numberOf(offset);
    const waiting = this.waiting.get(number);
    if (waiting !== undefined) waiting.push(done);
    else if (this.waiting.size >= MAX_READS) done(false);
    else this.start(segment, offset, [done]);
    if (this.blocks.has(number - 1)) this.readAhead((number + 1) * BLOCK_SIZE);
  }

  /** Drops the block of a record that is not what it should be. */
  forget(offset: number): void {
    this.blocks.delete(numberOf(offset));
  }

  private readAhead(offset: number): void {
    const number = numberOf(offset);
    if (this.blocks.has(number) || this.waiting.has(number) || this.waiting.size >= MAX_READS) return;
    const segment = this.log.segments.find(offset);
    if (segment !== undefined && offset + BLOCK_SIZE <= this.log.maxOffset) this.start(segment, offset, []);
  }

  private start(segment: SegmentFile, offset: number, waiting: BlockCallback[]): void {
    this.waiting.set(numberOf(offset), waiting);
    const block = this.emptyBlock(segment, offset);
    const { buffer, startOffset, endOffset } = block;
    segment.readAsync(buffer, 0, endOffset - startOffset, startOffset, (error, bytesRead) => {
      const isThere = error === null && this.add(block, bytesRead);
      this.waiting.delete(numberOf(offset));
      for (const done of waiting) done(isThere);
    });
  }

  /** For bytes that the kernel has, in the memory of the oldest block if there are enough. */
  private emptyBlock(segment: SegmentFile, offset: number): Block {
    const start = numberOf(offset) * BLOCK_SIZE;
    const startOffset = Math.max(start, segment.startOffset);
    const endOffset = Math.min(start + BLOCK_SIZE, segment.endOffset, this.log.maxOffset);
    return { buffer: this.oldestBuffer() ?? Buffer.allocUnsafeSlow(BLOCK_SIZE), startOffset, endOffset };
  }

  private oldestBuffer(): Buffer | undefined {
    if (this.blocks.size < MAX_BLOCKS) return undefined;
    const [number, block] = this.blocks.entries().next().value!;
    this.blocks.delete(number);
    return block.buffer;
  }

  private add(block: Block, bytesRead: number): boolean {
    const { startOffset, endOffset } = block;
    if (bytesRead < endOffset - startOffset) return false;
    this.blocks.set(numberOf(startOffset), block);
    return true;
  }
}

const numberOf = (offset: number): number => Math.floor(offset / BLOCK_SIZE);
