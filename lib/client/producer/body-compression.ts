import { deflate } from 'node:zlib';
import { compressBody } from '../../common/compression.js';
import { MessageSysFlag } from '../../common/message-sys-flag.js';

/** Larger bodies are compressed off the event loop. */
const SYNC_COMPRESS_LIMIT = 65_536;
const ZLIB = MessageSysFlag.COMPRESSED | MessageSysFlag.COMPRESSION_ZLIB;

/** A body as it travels: from `threshold` bytes on it is compressed, if that makes it shorter. */
export async function compressOutgoing(
  body: Buffer,
  threshold: number,
  level: number,
): Promise<{ body: Buffer; sysFlag: number }> {
  const compressed = body.length < threshold ? body : await compress(body, level);
  // Of random bytes zlib makes more, and those of a body of the largest size would be too many.
  return compressed.length < body.length ? { body: compressed, sysFlag: ZLIB } : { body, sysFlag: 0 };
}

function compress(body: Buffer, level: number): Buffer | Promise<Buffer> {
  if (body.length <= SYNC_COMPRESS_LIMIT) return compressBody(body, level);
  return new Promise((resolve, reject) =>
    deflate(body, { level }, (error, result) => (error ? reject(error) : resolve(result))),
  );
}
