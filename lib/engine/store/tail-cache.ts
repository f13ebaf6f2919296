import { MessageExtEncoder } from './message-ext-encoder.js';
import type { MessageExtBrokerInner } from './message-ext-broker-inner.js';

const MAX_CHUNKS = 4;

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
  /** Oldest first. */
  private readonly chunks: Chunk[] = [];
  /** The last of them. */
  private current!: Chunk;
  private readonly chunkSize: number;

  /** `maxRecordSize`: the longest record that is usual; a record never lies in two chunks. */
  constructor(
    cacheSize: number,
    maxRecordSize: number,
    private readonly appendPropCrc: boolean,
  ) {
    this.chunkSize = Math.max(Math.ceil(cacheSize / MAX_CHUNKS), maxRecordSize);
  }

  /** What the current chunk lies in. */
  get buffer(): Buffer {
    return this.current.buffer;
  }

  /** Where in {@link buffer} the byte that is staged next goes. */
  get position(): number {
    return this.current.length;
  }

  /** Writes a record at {@link position}, where there is room for it (MessageExtEncoder#encode). */
  encode(
    message: MessageExtBrokerInner,
    topic: Buffer,
    queueOffset: number,
    commitLogOffset: number,
    storeTimestamp: number,
  ): number {
    const { encoder, length } = this.current;
    return encoder.encode(length, message, topic, queueOffset, commitLogOffset, storeTimestamp);
  }

  /**
   * Goes on in an empty chunk: that of the oldest bytes if there are enough, and they are below `writtenOffset`. A record that needs
   * more than chunks have gets one of its own.
   */
  startChunk(startOffset: number, writtenOffset: number, recordSize = 0): void {
    const size = Math.max(this.chunkSize, recordSize);
    const free = this.takeFree(writtenOffset);
    const encoder = free?.buffer.length === size ? free : this.newEncoder(size);
    this.current = { encoder, buffer: encoder.buffer, startOffset, length: 0 };
    this.chunks.push(this.current);
  }

  /** While writes lag behind there may come to be more chunks than there should be. */
  private takeFree(writtenOffset: number): MessageExtEncoder | undefined {
    let free: MessageExtEncoder | undefined;
    while (this.chunks.length >= MAX_CHUNKS) {
      const { startOffset, length, encoder } = this.chunks[0]!;
      if (startOffset + length > writtenOffset) break;
      free = encoder;
      this.chunks.shift();
    }
    return free;
  }

  /** Counts `length` bytes at {@link position} as staged. */
  advance(length: number): void {
    this.current.length += length;
  }

  /** Takes back the bytes from `offset` on. */
  truncate(offset: number): void {
    while (this.chunks.length > 0 && this.chunks.at(-1)!.startOffset > offset) this.chunks.pop();
    if (this.chunks.length === 0) this.startChunk(offset, offset);
    this.current = this.chunks.at(-1)!;
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

  private newEncoder(size: number): MessageExtEncoder {
    return new MessageExtEncoder(Buffer.allocUnsafeSlow(size), this.appendPropCrc);
  }
}
