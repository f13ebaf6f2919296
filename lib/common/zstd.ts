import * as zlib from 'node:zlib';
import { MAX_WINDOW_LOG } from './zstd/frame-header.js';
import { decodeZstdFrames, isSingleFrame } from './zstd/zstd-frame.js';

interface NativeOptions {
  readonly maxOutputLength: number;
  readonly params: Readonly<Record<number, number>>;
}

/** Node has it from 22.15 on. */
const native = zlib as { zstdDecompressSync?: (input: Buffer, options: NativeOptions) => Buffer };

/** ZSTD_d_windowLogMax */
const WINDOW_LOG_MAX = 100;

/** Node would take 128 MiB for the window of a frame that asks for it. */
const params = { [WINDOW_LOG_MAX]: MAX_WINDOW_LOG };

/**
 * Decodes zstd frames.
 *
 * @throws Error for damaged data and for more than `maxSize` bytes.
 */
export function decodeZstd(input: Buffer, maxSize: number): Buffer {
  // Node leaves out without a word what stands behind the first frame.
  if (native.zstdDecompressSync === undefined || !isSingleFrame(input))
    return decodeZstdFrames(input, maxSize);
  return native.zstdDecompressSync(input, { maxOutputLength: maxSize, params });
}
