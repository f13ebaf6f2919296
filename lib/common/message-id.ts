import { hexInt64 } from './hex.js';
import { readInt64 } from './int64.js';
import { formatSocketHost } from './socket-host.js';

/**
 * The id that says where a record lies: store host and commit-log offset in hex (MessageDecoder#createMessageId).
 * `storeHostDigits` is the host as {@link hostDigits} writes it.
 */
export function createMessageId(storeHostDigits: string, commitLogOffset: number): string {
  return storeHostDigits + hexInt64(commitLogOffset);
}

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
