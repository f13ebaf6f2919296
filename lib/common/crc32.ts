import { crc32 as zlibCrc32 } from 'node:zlib';

/** CRC-32 without its top bit, as RocketMQ stores it in a signed int (UtilAll#crc32). */
export function crc32(bytes: Uint8Array): number {
  return zlibCrc32(bytes) & INT_MAX;
}

/** The CRC-32 with all its bits. */
export function fullCrc32(bytes: Uint8Array): number {
  return zlibCrc32(bytes) | 0;
}

export const INT_MAX = 0x7fffffff;
