import { hexByte, hexInt64 } from './hex.js';
import { readInt64 } from './int64.js';
import { formatSocketHost } from './socket-host.js';

/**
 * The id that says where a record lies: store host and commit-log offset in hex (MessageDecoder#createMessageId).
 * `storeHostDigits` is the host as {@link hostDigits} writes it.
 */
export function createMessageId(storeHostDigits: string, commitLogOffset: number): string {
  const page = Math.floor(commitLogOffset / 0x1_0000);
  if (page !== prefix.page || storeHostDigits !== prefix.storeHostDigits) {
    const digits = storeHostDigits + hexInt64(commitLogOffset).slice(0, -4);
    prefix = { page, storeHostDigits, digits };
  }
  return prefix.digits + (hexByte(commitLogOffset >>> 8) + hexByte(commitLogOffset));
}

/** All but the last four digits, which are the same for records that lie near each other: half the time, a quarter of the memory. */
let prefix = { page: -1, storeHostDigits: '', digits: '' };

/**
 * Reads an id of {@link createMessageId}.
 *
 * @throws RangeError when it is not 32 or 56 hex digits.
 */
export function decodeMessageId(msgId: string): { storeHost: string; commitLogOffset: number } {
  if (!/^(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{56})$/.test(msgId)) {
    throw new RangeError(`"${msgId}" is not an offset message id: 32 or 56 hex digits`);
  }
  const bytes = Buffer.from(msgId, 'hex');
  const addressLength = bytes.length - 12;
  return {
    storeHost: formatSocketHost(bytes, 0, addressLength),
    commitLogOffset: readInt64(bytes, addressLength + 4),
  };
}
