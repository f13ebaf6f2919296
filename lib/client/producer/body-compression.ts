import { deflate } from 'node:zlib';
import { compressBody } from '../../common/compression.js';
import { MessageSysFlag } from '../../common/message-sys-flag.js';

/** Larger bodies are compressed off the event loop. */
const SYNC_COMPRESS_LIMIT = 65_536;
const ZLIB = MessageSysFlag.COMPRESSED | MessageSysFlag.COMPRESSION_ZLIB;

/** A body as it travels: from `threshold` bytes on it is compressed. */
export async function compressOutgoing(
  body: Buffer,
  threshold: number,
  level: number,
): Promise<{ body: Buffer; sysFlag: number }> {
  if (body.length < threshold) return { body, sysFlag: 0 };
  if (body.length <= SYNC_COMPRESS_LIMIT) return { body: compressBody(body, level), sysFlag: ZLIB };
  const compressed = await new Promise<Buffer>((resolve, reject) =>
    deflate(body, { level }, (error, result) => (error ? reject(error) : resolve(result))),
  );
  return { body: compressed, sysFlag: ZLIB };
}
