import { deflateSync, inflateSync } from 'node:zlib';
import { RocketMQError } from '../errors/rocketmq.error.js';
import { MessageSysFlag } from './message-sys-flag.js';

/** zlib level of RocketMQ's client (`rocketmq.message.compressLevel`). */
export const ZLIB_LEVEL = 5;

/** Compresses a message body in zlib format. */
export function compressBody(body: Buffer): Buffer {
  return deflateSync(body, { level: ZLIB_LEVEL });
}

/**
 * Decompresses a stored body by the type in its sysFlag.
 *
 * @throws RocketMQError `DECOMPRESSION` for an unknown type, damaged data, or more than `maxSize` bytes.
 */
export function decompressBody(body: Buffer, sysFlag: number, maxSize: number): Buffer {
  const type = sysFlag & MessageSysFlag.COMPRESSION_TYPE_MASK;
  if (type !== 0 && type !== MessageSysFlag.COMPRESSION_ZLIB) {
    throw new RocketMQError(
      'DECOMPRESSION',
      `The message body is compressed with ${compressionName(type)}; only zlib can be read`,
    );
  }
  try {
    return inflateSync(body, { maxOutputLength: maxSize });
  } catch (cause) {
    throw new RocketMQError(
      'DECOMPRESSION',
      `The compressed message body of ${body.length} bytes is damaged or larger than ${maxSize} bytes when inflated`,
      { cause },
    );
  }
}

function compressionName(type: number): string {
  if (type === MessageSysFlag.COMPRESSION_LZ4) return 'LZ4';
  if (type === MessageSysFlag.COMPRESSION_ZSTD) return 'ZSTD';
  return `unknown type ${type >>> 8}`;
}
