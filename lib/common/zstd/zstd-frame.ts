import { DecodedBytes } from '../decoded-bytes.js';
import { ByteReader } from './byte-reader.js';
import { FrameContent } from './frame-content.js';
import { readFrameHeader } from './frame-header.js';
import { LiteralsReader } from './literals-section.js';
import { SequencesReader } from './sequences-section.js';

/** First bytes of a frame, and of one that decoders pass over. */
const MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
/** Block_Type */
const RAW = 0;
const RLE = 1;
const COMPRESSED = 2;

interface BlockHeader {
  readonly isLast: boolean;
  readonly type: number;
  readonly size: number;
}

/**
 * Decodes zstd frames (RFC 8878) without dictionaries. Every size, offset and table is checked before it is used, and a
 * block decodes to no more than 128 KiB: whatever the input is, the work is that of its length and of `maxSize`.
 *
 * @throws Error for damaged data and for more than `maxSize` bytes.
 */
export function decodeZstdFrames(input: Buffer, maxSize: number): Buffer {
  if (input.length === 0) throw new Error('no zstd frame');
  const reader = new ByteReader(input);
  const decoded = new DecodedBytes(maxSize, input.length * 4);
  while (reader.left > 0) {
    if (startsFrame(reader)) decodeFrame(reader, decoded, maxSize);
  }
  return decoded.bytes();
}

/** Whether this is one frame with content, and nothing else. Only headers are read for that. */
export function isSingleFrame(input: Buffer): boolean {
  const reader = new ByteReader(input);
  if (!startsFrame(reader)) return false;
  const { hasChecksum } = readFrameHeader(reader);
  for (let isLast = false; !isLast;) {
    const block = readBlockHeader(reader);
    reader.take(storedSizeOf(block));
    ({ isLast } = block);
  }
  skipChecksum(reader, hasChecksum);
  return reader.left === 0;
}

/** False when it was one to pass over, which is done then. */
function startsFrame(reader: ByteReader): boolean {
  const magic = reader.readUInt(4);
  if (magic === MAGIC) return true;
  if ((magic & 0xfffffff0) !== SKIPPABLE_MAGIC) throw new Error('not a zstd frame');
  reader.take(reader.readUInt(4));
  return false;
}

function decodeFrame(reader: ByteReader, decoded: DecodedBytes, maxSize: number): void {
  const { windowSize, blockMaximumSize, contentSize, hasChecksum } = readFrameHeader(reader);
  if (contentSize !== undefined && contentSize > maxSize) throw new Error(`more than ${maxSize} bytes`);
  const content = new FrameContent(decoded, windowSize, blockMaximumSize);
  decodeBlocks(reader, content);
  if (contentSize !== undefined && contentSize !== content.size)
    throw new Error(`a zstd frame of ${content.size} bytes, not ${contentSize}`);
  skipChecksum(reader, hasChecksum);
}

/** Content_Checksum is not compared: the record has one, and XXH64 wants numbers of 64 bits. */
function skipChecksum(reader: ByteReader, hasChecksum: boolean): void {
  reader.take(hasChecksum ? 4 : 0);
}

function decodeBlocks(reader: ByteReader, content: FrameContent): void {
  const literals = new LiteralsReader(content.blockMaximumSize);
  const sequences = new SequencesReader(content);
  for (let isLast = false; !isLast;) {
    const block = readBlockHeader(reader);
    if (block.size > content.blockMaximumSize) throw new Error(`a zstd block of ${block.size} bytes`);
    const bytes = new ByteReader(reader.take(storedSizeOf(block)));
    content.startBlock();
    if (block.type === RAW) content.append(bytes.takeRest());
    else if (block.type === RLE) content.fill(bytes.readUInt(1), block.size);
    else sequences.execute(bytes, literals.read(bytes));
    ({ isLast } = block);
  }
}

function readBlockHeader(reader: ByteReader): BlockHeader {
  const header = reader.readUInt(3);
  const type = (header >>> 1) & 3;
  if (type > COMPRESSED) throw new Error('an unknown kind of zstd block');
  return { isLast: (header & 1) !== 0, type, size: header >>> 3 };
}

/** The size of an RLE block is that of its content, which is one byte many times. */
function storedSizeOf({ type, size }: BlockHeader): number {
  return type === RLE ? 1 : size;
}
