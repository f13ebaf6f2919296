import { DecodedBytes } from './decoded-bytes.js';

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
  const output = new DecodedBytes(maxSize, input.length * 4);
  for (let at = 0; at < input.length;) at = decodeFrame(input, at, output);
  return output.bytes();
}

/** Returns where the next frame begins. */
function decodeFrame(input: Buffer, start: number, output: DecodedBytes): number {
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
function decodeBlock(block: Buffer, output: DecodedBytes): void {
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
