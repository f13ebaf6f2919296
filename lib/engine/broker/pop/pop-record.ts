import { readOffset } from '../../../common/int64.js';
import { MessageConst } from '../../../common/message-const.js';
import { MAX_PROPERTIES_LENGTH, RecordLayout, topicRange } from '../../../common/message-layout.js';
import { decodeProperties, encodeProperties } from '../../../common/message-properties.js';

/** Where records that follow one another begin. */
export function recordStarts(records: Buffer): number[] {
  const starts: number[] = [];
  for (let start = 0; start < records.length; start += records.readInt32BE(start)) starts.push(start);
  return starts;
}

export const queueOffsetAt = (records: Buffer, start: number): number =>
  readOffset(records, start + RecordLayout.QUEUE_OFFSET);

/**
 * A record of a retry topic as a consumer gets it: with the topic that it was sent to, and its POP_CK
 * (PopMessageProcessor#popMsgFromQueue, without `popResponseReturnActualRetryTopic`). The checksum of the record, which no
 * longer is that record, is left out. Where the properties have no room the record is given as it is, which consumers understand, too.
 */
export function withTopic(records: Buffer, start: number, topic: string, popCk: string): Buffer {
  const end = start + records.readInt32BE(start);
  const { position, length } = topicRange(records, start);
  const properties = decodeProperties(records.toString('utf8', position + length + 2, end));
  properties.delete(MessageConst.CRC32);
  if (!properties.has(MessageConst.POP_CK)) properties.set(MessageConst.POP_CK, popCk);
  const tail = Buffer.from(encodeProperties(properties));
  if (tail.length > MAX_PROPERTIES_LENGTH) return records.subarray(start, end);
  const name = Buffer.from(topic, 'latin1');
  // The bytes before the topic end with its length, in one byte or the lower of two.
  const head = Buffer.from(records.subarray(start, position));
  head[head.length - 1] = name.length;
  const lengthOfTail = Buffer.alloc(2);
  lengthOfTail.writeInt16BE(tail.length);
  const record = Buffer.concat([head, name, lengthOfTail, tail]);
  record.writeInt32BE(record.length, RecordLayout.TOTAL_SIZE);
  return record;
}
