import { MessageExtEncoder } from './message-ext-encoder.js';

/** A stretch of the commit log in memory. */
interface Chunk {
  readonly encoder: MessageExtEncoder;
  readonly buffer: Buffer;
  startOffset: number;
  length: number;
}

/**
 * The newest bytes of the commit log in memory. Records are encoded straight into it and written from it, and live
 * consumers read from it.
 */
export class TailCache {
  private readonly chunks: Chunk[] = [];
  readonly chunkSize: number;
  private readonly maxChunks: number;

  /** `maxRecordSize`: the longest record there can be; a record never lies in two chunks. */
  constructor(
    cacheSize: number,
    maxRecordSize: number,
    private readonly appendPropCrc: boolean,
  ) {
    this.maxChunks = 4;
    this.chunkSize = Math.max(Math.ceil(cacheSize / this.maxChunks), maxRecordSize);
  }

  /** Writes into the chunk of {@link position}. */
  get encoder(): MessageExtEncoder {
    return this.current.encoder;
  }

  /** Where the byte that is staged next goes. */
  get position(): number {
    return this.current.length;
  }

  /** Goes on in an empty chunk: that of the oldest bytes if there are enough, and they are below `writtenOffset`. */
  startChunk(startOffset: number, writtenOffset: number): void {
    const oldest = this.chunks[0];
    const isFree =
      this.chunks.length >= this.maxChunks && oldest!.startOffset + oldest!.length <= writtenOffset;
    const encoder = isFree ? this.chunks.shift()!.encoder : this.newEncoder();
    this.chunks.push({ encoder, buffer: encoder.buffer, startOffset, length: 0 });
  }

  /** Counts `length` bytes at {@link position} as staged. */
  advance(length: number): void {
    this.current.length += length;
  }

  /** Takes back the bytes from `offset` on. */
  truncate(offset: number): void {
    while (this.chunks.length > 0 && this.current.startOffset > offset) this.chunks.pop();
    if (this.chunks.length === 0) this.startChunk(offset, offset);
    this.current.length = Math.min(this.current.length, offset - this.current.startOffset);
  }

  /** The position in the current chunk of a byte of the log. */
  positionOf(offset: number): number {
    return offset - this.current.startOffset;
  }

  /** Copies bytes of the log that are here to `target`; false when they are not. */
  copy(offset: number, length: number, target: Buffer, targetStart: number): boolean {
    for (let i = this.chunks.length - 1; i >= 0; i--) {
      const chunk = this.chunks[i]!;
      const start = offset - chunk.startOffset;
      if (start < 0) continue;
      if (start + length > chunk.length) return false;
      chunk.buffer.copy(target, targetStart, start, start + length);
      return true;
    }
    return false;
  }

  /** Whether the byte at `offset` is in memory. */
  holds(offset: number): boolean {
    const oldest = this.chunks[0];
    return oldest !== undefined && offset >= oldest.startOffset;
  }

  private newEncoder(): MessageExtEncoder {
    return new MessageExtEncoder(Buffer.allocUnsafeSlow(this.chunkSize), this.appendPropCrc);
  }

  private get current(): Chunk {
    return this.chunks.at(-1)!;
  }
}
