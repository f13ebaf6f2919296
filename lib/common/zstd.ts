import * as zlib from 'node:zlib';
import { Decompress } from 'fzstd';

/** The largest window that every decoder must offer (RFC 8878). Up to compression level 19, which is more than RocketMQ's clients use. */
const MAX_WINDOW_SIZE = 8 * 1024 * 1024;
const MAGIC = 0xfd2fb528;
const SINGLE_SEGMENT = 0x20;
const WINDOW_DESCRIPTOR_AT = 5;

type NativeZstd = (input: Buffer, options: { maxOutputLength: number }) => Buffer;

/** Node has it from 22.15 on. */
const nativeZstd = (zlib as { zstdDecompressSync?: NativeZstd }).zstdDecompressSync;

/**
 * Decodes zstd frames.
 *
 * @throws Error for damaged data and for more than `maxSize` bytes.
 */
export function decodeZstd(input: Buffer, maxSize: number): Buffer {
  if (nativeZstd !== undefined) return nativeZstd(input, { maxOutputLength: maxSize });
  return decodeZstdWithoutNode(input, maxSize);
}

/** As {@link decodeZstd}, for Node without zstd. */
export function decodeZstdWithoutNode(input: Buffer, maxSize: number): Buffer {
  checkWindow(input);
  const blocks: Uint8Array[] = [];
  let size = 0;
  const decoder = new Decompress((block) => {
    size += block.length;
    if (size > maxSize) throw new Error(`more than ${maxSize} bytes`);
    blocks.push(block);
  });
  decoder.push(input, true);
  return Buffer.concat(blocks, size);
}

/** The decoder takes the memory for the window at once, as large as the frame says. */
function checkWindow(input: Buffer): void {
  if (input.readUInt32LE(0) !== MAGIC) throw new Error('not a zstd frame');
  const size = windowSizeOf(input);
  if (size > MAX_WINDOW_SIZE) throw new Error(`a zstd window of ${size} bytes, more than ${MAX_WINDOW_SIZE}`);
}

function windowSizeOf(input: Buffer): number {
  const descriptor = input.readUInt8(4);
  if ((descriptor & SINGLE_SEGMENT) !== 0) return contentSizeOf(input, descriptor);
  const window = input.readUInt8(WINDOW_DESCRIPTOR_AT);
  const base = 2 ** (10 + (window >>> 3));
  return base + (base / 8) * (window & 7);
}

/** The window of a frame in a single segment is its content. */
function contentSizeOf(input: Buffer, descriptor: number): number {
  const at = WINDOW_DESCRIPTOR_AT + [0, 1, 2, 4][descriptor & 3]!;
  switch (descriptor >>> 6) {
    case 0:
      return input.readUInt8(at);
    case 1:
      return input.readUInt16LE(at) + 256;
    case 2:
      return input.readUInt32LE(at);
    default:
      return Number(input.readBigUInt64LE(at));
  }
}
