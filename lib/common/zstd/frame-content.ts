import type { DecodedBytes } from '../decoded-bytes.js';

/** What the blocks of one frame decode to, within the bounds that its header sets. */
export class FrameContent {
  private readonly start: number;
  private blockLimit: number;

  constructor(
    private readonly decoded: DecodedBytes,
    private readonly windowSize: number,
    readonly blockMaximumSize: number,
  ) {
    this.start = decoded.length;
    this.blockLimit = decoded.length;
  }

  get size(): number {
    return this.decoded.length - this.start;
  }

  startBlock(): void {
    this.blockLimit = this.decoded.length + this.blockMaximumSize;
  }

  append(bytes: Buffer, start = 0, end = bytes.length): void {
    this.expectRoom(end - start);
    this.decoded.append(bytes, start, end);
  }

  fill(byte: number, count: number): void {
    this.expectRoom(count);
    this.decoded.fill(byte, count);
  }

  /** A match begins neither before the window nor in a frame before. */
  repeat(offset: number, count: number): void {
    this.expectRoom(count);
    if (offset > this.windowSize || offset > this.size)
      throw new Error('a zstd match begins before the data');
    this.decoded.repeat(offset, count);
  }

  private expectRoom(count: number): void {
    if (this.decoded.length + count > this.blockLimit) throw new Error('a zstd block of too many bytes');
  }
}
