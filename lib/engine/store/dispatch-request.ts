import { latin1Slice, utf8Slice } from '../../common/buffer-text.js';
import { readOffset } from '../../common/int64.js';
import { MessageConst } from '../../common/message-const.js';
import { RecordLayout, storeTimestampPosition, topicRange } from '../../common/message-layout.js';
import { decodeProperties } from '../../common/message-properties.js';
import { tagsCodeOf } from './tags-code.js';
import type { ConsumeQueue } from './consume-queue.js';

/** What ConsumeQueue and index need to know of a stored record (DispatchRequest). No literal: see `Outgoing`. */
export class DispatchRequest {
  constructor(
    readonly queue: ConsumeQueue,
    readonly commitLogOffset: number,
    readonly msgSize: number,
    readonly tagsCode: number,
    readonly storeTimestamp: number,
    readonly consumeQueueOffset: number,
    readonly sysFlag: number,
    readonly uniqKey: string | undefined,
    readonly keys: string | undefined,
  ) {}
}

/** The topic, queue and queue offset of the record at `start`, which is well formed. */
export function readRecordQueue(
  buffer: Buffer,
  start: number,
): { topic: string; queueId: number; queueOffset: number } {
  const { position, length } = topicRange(buffer, start);
  return {
    topic: latin1Slice(buffer, position, position + length),
    queueId: buffer.readInt32BE(start + RecordLayout.QUEUE_ID),
    queueOffset: readOffset(buffer, start + RecordLayout.QUEUE_OFFSET),
  };
}

/** Reads from a sound record what a {@link DispatchRequest} holds. */
export function readDispatchRequest(
  buffer: Buffer,
  start: number,
  queue: ConsumeQueue,
  delayLevels: readonly number[],
): DispatchRequest {
  const sysFlag = buffer.readInt32BE(start + RecordLayout.SYS_FLAG);
  const topic = topicRange(buffer, start);
  const propertiesEnd = start + buffer.readInt32BE(start);
  const properties = decodeProperties(utf8Slice(buffer, topic.position + topic.length + 2, propertiesEnd));
  const storeTimestamp = readOffset(buffer, start + storeTimestampPosition(sysFlag));
  return new DispatchRequest(
    queue,
    readOffset(buffer, start + RecordLayout.PHYSICAL_OFFSET),
    buffer.readInt32BE(start),
    tagsCodeOf(queue.topic, properties, delayLevels, storeTimestamp),
    storeTimestamp,
    readOffset(buffer, start + RecordLayout.QUEUE_OFFSET),
    sysFlag,
    properties.get(MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX),
    properties.get(MessageConst.KEYS),
  );
}
