/** Up to this many bytes a loop is faster than the call that copies them. */
const SHORT = 32;

/** What a decoder has decoded so far; matches refer to it. It takes memory as it grows, never for more than `maxSize` bytes. */
export class DecodedBytes {
  private buffer: Buffer;
  length = 0;

  constructor(
    private readonly maxSize: number,
    expectedSize: number,
  ) {
    this.buffer = Buffer.allocUnsafe(Math.min(maxSize, expectedSize));
  }

  append(bytes: Buffer, start = 0, end = bytes.length): void {
    this.reserve(end - start);
    const { buffer, length } = this;
    if (end - start > SHORT) bytes.copy(buffer, length, start, end);
    else for (let i = start; i < end; i++) buffer[length + i - start] = bytes[i]!;
    this.length += end - start;
  }

  fill(byte: number, count: number): void {
    this.reserve(count);
    this.buffer.fill(byte, this.length, this.length + count);
    this.length += count;
  }

  /** Repeats what stands `distance` before the end, byte by byte when it overlaps itself. */
  repeat(distance: number, count: number): void {
    if (distance === 0 || distance > this.length) throw new Error('a match begins before the data');
    this.reserve(count);
    const { buffer, length } = this;
    const from = length - distance;
    if (count > SHORT && distance >= count) buffer.copyWithin(length, from, from + count);
    else for (let i = 0; i < count; i++) buffer[length + i] = buffer[from + i]!;
    this.length += count;
  }

  bytes(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  private reserve(count: number): void {
    const needed = this.length + count;
    if (needed > this.buffer.length) this.grow(needed);
  }

  private grow(needed: number): void {
    if (needed > this.maxSize) throw new Error(`more than ${this.maxSize} bytes`);
    const larger = Buffer.allocUnsafe(Math.min(Math.max(needed, this.buffer.length * 2), this.maxSize));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}
