/** First bytes of a frame, and of one that decoders pass over. */
const MAGIC = 0x184d2204;
const SKIPPABLE_MAGIC = 0x184d2a50;
/** Bits of the frame descriptor. */
const VERSION = 0x40;
const BLOCK_CHECKSUM = 0x10;
const CONTENT_SIZE = 0x08;
const CONTENT_CHECKSUM = 0x04;
const DICTIONARY = 0x01;
/** A block that is stored as it is. */
const UNCOMPRESSED = 0x80000000;
const MIN_MATCH = 4;

/**
 * Decodes LZ4 frames, as lz4-java's LZ4FrameOutputStream writes them. Checksums are passed over: the record has one.
 *
 * @throws Error for damaged data and for more than `maxSize` bytes.
 */
export function decodeLz4Frames(input: Buffer, maxSize: number): Buffer {
  const output = new Output(maxSize, Math.min(maxSize, input.length * 4));
  for (let at = 0; at < input.length;) at = decodeFrame(input, at, output);
  return output.bytes();
}

/** What was decoded so far; matches refer to it. */
class Output {
  private buffer: Buffer;
  length = 0;

  constructor(
    private readonly maxSize: number,
    expectedSize: number,
  ) {
    this.buffer = Buffer.allocUnsafe(expectedSize);
  }

  append(bytes: Buffer): void {
    this.reserve(bytes.length);
    this.length += bytes.copy(this.buffer, this.length);
  }

  /** Repeats what stands `distance` before the end, byte by byte when it overlaps itself. */
  repeat(distance: number, length: number): void {
    if (distance === 0 || distance > this.length) throw new Error('an LZ4 match begins before the data');
    this.reserve(length);
    const { buffer } = this;
    const from = this.length - distance;
    if (distance >= length) buffer.copyWithin(this.length, from, from + length);
    else for (let i = 0; i < length; i++) buffer[this.length + i] = buffer[from + i]!;
    this.length += length;
  }

  bytes(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  private reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.buffer.length) return;
    if (needed > this.maxSize) throw new Error(`more than ${this.maxSize} bytes`);
    const larger = Buffer.allocUnsafe(Math.min(Math.max(needed, this.buffer.length * 2), this.maxSize));
    this.buffer.copy(larger, 0, 0, this.length);
    this.buffer = larger;
  }
}

/** Returns where the next frame begins. */
function decodeFrame(input: Buffer, start: number, output: Output): number {
  const magic = input.readUInt32LE(start);
  if ((magic & 0xfffffff0) === SKIPPABLE_MAGIC) return start + 8 + input.readUInt32LE(start + 4);
  if (magic !== MAGIC) throw new Error('not an LZ4 frame');
  const flags = input.readUInt8(start + 4);
  if ((flags & 0xc0) !== VERSION || (flags & DICTIONARY) !== 0)
    throw new Error('an unknown kind of LZ4 frame');
  let at = start + 7 + ((flags & CONTENT_SIZE) === 0 ? 0 : 8);
  for (let size = input.readUInt32LE(at); size !== 0; size = input.readUInt32LE(at)) {
    at += 4;
    const end = at + (size & 0x7fffffff);
    const block = slice(input, at, end);
    if (size >= UNCOMPRESSED) output.append(block);
    else decodeBlock(block, output);
    at = end + ((flags & BLOCK_CHECKSUM) === 0 ? 0 : 4);
  }
  return at + ((flags & CONTENT_CHECKSUM) === 0 ? 4 : 8);
}

/** Sequences of literals and a match; the last one has no match. */
function decodeBlock(block: Buffer, output: Output): void {
  for (let at = 0; at < block.length;) {
    const token = block[at++]!;
    const literals = readLength(block, at, token >>> 4);
    at = literals.at + literals.length;
    output.append(slice(block, literals.at, at));
    if (at === block.length) return;
    const distance = block.readUInt16LE(at);
    const match = readLength(block, at + 2, token & 15);
    output.repeat(distance, match.length + MIN_MATCH);
    at = match.at;
  }
}

function slice(bytes: Buffer, start: number, end: number): Buffer {
  if (end > bytes.length) throw new Error('an LZ4 block ends early');
  return bytes.subarray(start, end);
}

/** A length of 15 goes on in the bytes that follow. */
function readLength(block: Buffer, start: number, nibble: number): { length: number; at: number } {
  let length = nibble;
  let at = start;
  for (let more = nibble === 15; more; more = block[at - 1] === 255) length += block.readUInt8(at++);
  return { length, at };
}
