import { deflateSync, inflateSync } from 'node:zlib';
import { RocketMQError } from '../errors/rocketmq.error.js';
import { decodeLz4Frames } from './lz4-frame.js';
import { MessageSysFlag } from './message-sys-flag.js';
import { decodeZstd } from './zstd.js';

/** zlib level of RocketMQ's client (`rocketmq.message.compressLevel`). */
export const ZLIB_LEVEL = 5;

/** Compresses a message body in zlib format. */
export function compressBody(body: Buffer, level = ZLIB_LEVEL): Buffer {
  return deflateSync(body, { level });
}

/**
 * Decompresses a stored body by the type in its sysFlag.
 *
 * @throws RocketMQError `DECOMPRESSION` for an unknown type, damaged data, or more than `maxSize` bytes.
 */
export function decompressBody(body: Buffer, sysFlag: number, maxSize: number): Buffer {
  const type = sysFlag & MessageSysFlag.COMPRESSION_TYPE_MASK;
  const decompressor = DECOMPRESSORS.get(type);
  if (decompressor === undefined) {
    throw new RocketMQError(
      'DECOMPRESSION',
      `The message body is compressed with the unknown type ${type >>> 8}; known are 1 (LZ4), 2 (ZSTD) and 3 (ZLIB)`,
    );
  }
  try {
    return decompressor.decompress(body, maxSize);
  } catch (cause) {
    throw new RocketMQError(
      'DECOMPRESSION',
      `The message body of ${body.length} bytes, compressed with ${decompressor.name}, is damaged or larger than ` +
        `${maxSize} bytes when decompressed, which maxMessageSize allows`,
      { cause },
    );
  }
}

interface Decompressor {
  readonly name: string;
  readonly decompress: (body: Buffer, maxSize: number) => Buffer;
}

const zlib: Decompressor = {
  name: 'ZLIB',
  decompress: (body, maxOutputLength) => inflateSync(body, { maxOutputLength }),
};

/** By the type bits of a sysFlag; clients older than 4.9.3 set none (CompressionType#findByValue). */
const DECOMPRESSORS: ReadonlyMap<number, Decompressor> = new Map([
  [0, zlib],
  [MessageSysFlag.COMPRESSION_LZ4, { name: 'LZ4', decompress: decodeLz4Frames }],
  [MessageSysFlag.COMPRESSION_ZSTD, { name: 'ZSTD', decompress: decodeZstd }],
  [MessageSysFlag.COMPRESSION_ZLIB, zlib],
]);
