import { isUtf8 } from 'node:buffer';
import { crc32 } from '../../common/crc32.js';
import { int32At, readOffset } from '../../common/int64.js';
import { isWellFormed } from '../../common/message-decoder.js';
import {
  bodyLengthPosition,
  MAX_PROPERTIES_LENGTH,
  MIN_RECORD_SIZE,
  RecordLayout,
  topicRange,
} from '../../common/message-layout.js';
import type { ConsumeQueue } from './consume-queue.js';
import { CRC_NAME, PROPERTY_CRC_LENGTH, recordCrc } from './message-ext-encoder.js';

/**
 * Whether a sound record lies at `start`: lengths that add up, its own position, and its checksum (of the whole
 * record where it carries one, else of the body). `commitLogOffset` is where it was read.
 */
export function isSoundRecord(buffer: Buffer, start: number, commitLogOffset: number): boolean {
  return (
    isWellFormed(buffer, start) &&
    hasPhysicalOffset(buffer, start, commitLogOffset) &&
    hasValidChecksum(buffer, start)
  );
}

/** Whether the size at `start` is one that a record with that body can have: a damaged one can be any. */
export function hasPlausibleSize(buffer: Buffer, start: number): boolean {
  const size = buffer.readInt32BE(start);
  const position = bodyLengthPosition(buffer.readInt32BE(start + RecordLayout.SYS_FLAG));
  if (start + position + 4 > buffer.length) return false;
  const bodyLength = buffer.readInt32BE(start + position);
  const rest = size - (position + 4 + bodyLength);
  return size >= MIN_RECORD_SIZE && bodyLength >= 0 && rest > 0 && rest <= MAX_TOPIC_AND_PROPERTIES;
}

const MAX_TOPIC_AND_PROPERTIES = 2 + 0xffff + 2 + MAX_PROPERTIES_LENGTH;

/** Whether the record says that it lies at `commitLogOffset`. */
export function hasPhysicalOffset(buffer: Buffer, start: number, commitLogOffset: number): boolean {
  return readOffset(buffer, start + RecordLayout.PHYSICAL_OFFSET) === commitLogOffset;
}

/** Whether the record, whose lengths add up, says that it is the one at `queueOffset` of the queue. */
export function isOfQueue(buffer: Buffer, start: number, queue: ConsumeQueue, queueOffset: number): boolean {
  if (readOffset(buffer, start + RecordLayout.QUEUE_OFFSET) !== queueOffset) return false;
  if (int32At(buffer, start + RecordLayout.QUEUE_ID) !== queue.queueId) return false;
  const { topicBytes } = queue;
  const { position, length } = topicRange(buffer, start);
  if (length !== topicBytes.length) return false;
  for (let i = 0; i < length; i++) if (buffer[position + i] !== topicBytes[i]) return false;
  return true;
}

/** The checksum alone, of a record whose lengths add up. */
export function hasValidChecksum(buffer: Buffer, start: number): boolean {
  const end = start + int32At(buffer, start);
  const stored = storedRecordCrc(buffer, start, end);
  if (stored !== NO_CHECKSUM) return stored === recordCrc(buffer, start, end);
  const body = start + bodyLengthPosition(int32At(buffer, start + RecordLayout.SYS_FLAG));
  const bodyEnd = body + 4 + int32At(buffer, body);
  return int32At(buffer, start + RecordLayout.BODY_CRC) === crc32(buffer.subarray(body + 4, bodyEnd));
}

const NO_CHECKSUM = -1;
const DAMAGED_CHECKSUM = -2;
/** Of the 20 bytes of a checksum property, how many must be in place to tell a damaged one from none. */
const MIN_LIKENESS = 16;

/** The whole-record checksum at the end of a record. */
function storedRecordCrc(buffer: Buffer, start: number, end: number): number {
  let likeness = 0;
  let value = 0;
  for (let i = 0; i < CRC_NAME.length; i++) {
    if (buffer[end - PROPERTY_CRC_LENGTH + i] === CRC_NAME[i]) likeness++;
  }
  for (let position = end - 2; position > end - 12; position--) {
    const digit = buffer[position]! - 48;
    if (digit >= 0 && digit <= 9) likeness++;
    value = value * 10 + digit;
  }
  if (buffer[end - 1] === 2) likeness++;
  if (likeness === PROPERTY_CRC_LENGTH) return value;
  return likeness >= MIN_LIKENESS || !isText(buffer, start, end) ? DAMAGED_CHECKSUM : NO_CHECKSUM;
}

/** Zeros or noise where the checksum stood must not pass for a record without one: properties are text. */
function isText(buffer: Buffer, start: number, end: number): boolean {
  const topic = topicRange(buffer, start);
  const properties = topic.position + topic.length + 2;
  const last = Math.max(properties, end - PROPERTY_CRC_LENGTH);
  return isUtf8(buffer.subarray(properties, end)) && !buffer.subarray(last, end).includes(0);
}
