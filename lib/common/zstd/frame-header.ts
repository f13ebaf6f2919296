import type { ByteReader } from './byte-reader.js';

/** The largest window that every decoder must offer (RFC 8878). Up to compression level 19, which is more than RocketMQ's clients use. */
export const MAX_WINDOW_LOG = 23;

const MAX_WINDOW_SIZE = 2 ** MAX_WINDOW_LOG;
const MAX_BLOCK_SIZE = 128 * 1024;
/** Bits of Frame_Header_Descriptor. */
const SINGLE_SEGMENT = 0x20;
const RESERVED = 0x08;
const CONTENT_CHECKSUM = 0x04;

export interface FrameHeader {
  readonly windowSize: number;
  readonly blockMaximumSize: number;
  readonly contentSize?: number;
  readonly hasChecksum: boolean;
}

/** Reads what stands behind the magic number (RFC 8878, 3.1.1.1). */
export function readFrameHeader(input: ByteReader): FrameHeader {
  const descriptor = input.readUInt(1);
  if ((descriptor & RESERVED) !== 0) throw new Error('an unknown kind of zstd frame');
  const isSingleSegment = (descriptor & SINGLE_SEGMENT) !== 0;
  const window = isSingleSegment ? undefined : readWindowSize(input);
  expectNoDictionary(input, descriptor);
  const contentSize = readContentSize(input, descriptor, isSingleSegment);
  // One of the two is there: a single segment always has its size.
  const windowSize = checkedWindow(window ?? contentSize!);
  return {
    windowSize,
    blockMaximumSize: Math.min(windowSize, MAX_BLOCK_SIZE),
    contentSize,
    hasChecksum: (descriptor & CONTENT_CHECKSUM) !== 0,
  };
}

function readWindowSize(input: ByteReader): number {
  const descriptor = input.readUInt(1);
  const base = 2 ** (10 + (descriptor >>> 3));
  return base + (base / 8) * (descriptor & 7);
}

/** Compressors without a dictionary may still write the number 0. */
function expectNoDictionary(input: ByteReader, descriptor: number): void {
  const id = input.readUInt([0, 1, 2, 4][descriptor & 3]!);
  if (id !== 0) throw new Error(`a zstd frame that needs the dictionary ${id}`);
}

function readContentSize(
  input: ByteReader,
  descriptor: number,
  isSingleSegment: boolean,
): number | undefined {
  switch (descriptor >>> 6) {
    case 0:
      return isSingleSegment ? input.readUInt(1) : undefined;
    case 1:
      return input.readUInt(2) + 256;
    case 2:
      return input.readUInt(4);
    default:
      return input.readUInt(4) + input.readUInt(4) * 2 ** 32;
  }
}

function checkedWindow(size: number): number {
  if (size > MAX_WINDOW_SIZE) throw new Error(`a zstd window of ${size} bytes, more than ${MAX_WINDOW_SIZE}`);
  return size;
}
