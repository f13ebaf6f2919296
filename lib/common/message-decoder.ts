import { int32At } from './int64.js';
import {
  bodyLengthPosition,
  MESSAGE_MAGIC_CODE,
  MESSAGE_MAGIC_CODE_V2,
  MIN_RECORD_SIZE,
  RecordLayout,
} from './message-layout.js';
import { DEFAULT_MAX_MESSAGE_SIZE, MessageExt } from './message-ext.js';

/**
 * Decodes the record at `start` (MessageDecoder#decode).
 *
 * @returns undefined when its lengths do not add up, a number leaves the safe integers, or the checksum of its
 * body does not hold.
 */
export function decodeMessage(
  buffer: Buffer,
  start = 0,
  maxMessageSize = DEFAULT_MAX_MESSAGE_SIZE,
): MessageExt | undefined {
  if (!isWellFormed(buffer, start)) return undefined;
  try {
    const message = new MessageExt(buffer, start, maxMessageSize);
    return message.isBodyIntact() ? message : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/**
 * Decodes records that follow one another; one that is damaged is left out, the ones behind it are not. `onDamaged` is called for each,
 * and once for an end that is no record.
 */
export function decodeMessages(
  buffer: Buffer,
  maxMessageSize = DEFAULT_MAX_MESSAGE_SIZE,
  onDamaged?: () => void,
): MessageExt[] {
  const messages: MessageExt[] = [];
  let start = 0;
  while (start + MIN_RECORD_SIZE <= buffer.length) {
    const size = buffer.readInt32BE(start);
    if (size < MIN_RECORD_SIZE || start + size > buffer.length) break;
    const message = decodeMessage(buffer, start, maxMessageSize);
    if (message === undefined) onDamaged?.();
    else messages.push(message);
    start += size;
  }
  if (start < buffer.length) onDamaged?.();
  return messages;
}

/** Whether a record with a known magic code lies at `start` and its inner lengths add up to its total size. */
export function isWellFormed(buffer: Buffer, start: number): boolean {
  if (start + MIN_RECORD_SIZE > buffer.length) return false;
  const size = int32At(buffer, start);
  if (size < MIN_RECORD_SIZE || start + size > buffer.length) return false;
  const magic = int32At(buffer, start + RecordLayout.MAGIC_CODE);
  if (magic !== MESSAGE_MAGIC_CODE && magic !== MESSAGE_MAGIC_CODE_V2) return false;
  return recordLength(buffer, start, start + size, magic === MESSAGE_MAGIC_CODE_V2) === size;
}

/** The length that body, topic and property lengths add up to, or -1 when one of them leaves the record. */
function recordLength(buffer: Buffer, start: number, end: number, isVersion2: boolean): number {
  let position = start + bodyLengthPosition(int32At(buffer, start + RecordLayout.SYS_FLAG));
  if (position + 4 > end) return -1;
  const bodyLength = int32At(buffer, position);
  position += 4 + bodyLength;
  if (bodyLength < 0 || position + 2 > end) return -1;
  position += isVersion2 ? 2 + buffer.readUInt16BE(position) : 1 + buffer[position]!;
  if (position + 2 > end) return -1;
  const propertiesLength = buffer.readInt16BE(position);
  return propertiesLength < 0 ? -1 : position + 2 + propertiesLength - start;
}
