import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const TOPIC = Buffer.from('bench');
const PROPERTIES = Buffer.from(
  'UNIQ_KEY\u0001AC1100021C2818B4AAC27F2E0F9A0000\u0002MSG_REGION\u0001DefaultRegion\u0002TRACE_ON\u0001true\u0002' +
    'CLUSTER\u0001DefaultCluster\u0002__CRC32#\u00010000000000\u0002',
);
const BODY = Buffer.alloc(1024, 'a');
const RECORD_SIZE = 91 + BODY.length + TOPIC.length + PROPERTIES.length;
const QUEUES = 4;
const PULL_SIZE = 32;
/** The records of a pull of each queue, which lie interleaved in the log: 153 KiB. */
const BLOCK_RECORDS = QUEUES * PULL_SIZE;

/** What a consumer must read of a record before it can hand the message to anyone. */
interface BareMessage {
  readonly queueOffset: number;
  readonly commitLogOffset: number;
  readonly storeTimestamp: number;
  readonly topic: string;
  readonly body: Buffer;
  /** Where the properties are, which nobody asks for. */
  readonly properties: number;
}

/**
 * The least that pulling can be in Node: one read for the records of all queues that lie close together in the log, as the engine's
 * blocks, 32 to a reply, every record decoded but for its properties. No checks, no filter, no offsets, no limits. Returns
 * messages per second.
 */
export function barePullRate(directory: string, count: number): number {
  const path = join(directory, 'bare-log');
  const fd = openSync(path, 'w+');
  try {
    write(fd, count);
    const startedAt = performance.now();
    let checksum = 0;
    for (let first = 0; first < count; first += BLOCK_RECORDS) {
      const block = readBlock(fd, first, Math.min(BLOCK_RECORDS, count - first));
      for (let queueId = 0; queueId < QUEUES; queueId++) {
        for (const message of pull(block, queueId)) checksum += message.queueOffset + message.properties;
      }
    }
    if (checksum === 0) throw new Error('nothing was read');
    return (count * 1000) / (performance.now() - startedAt);
  } finally {
    closeSync(fd);
    unlinkSync(path);
  }
}

function write(fd: number, count: number): void {
  const record = Buffer.alloc(RECORD_SIZE);
  record.writeInt32BE(RECORD_SIZE, 0);
  record.writeInt32BE(BODY.length, 84);
  BODY.copy(record, 88);
  record[88 + BODY.length] = TOPIC.length;
  TOPIC.copy(record, 89 + BODY.length);
  record.writeInt16BE(PROPERTIES.length, 89 + BODY.length + TOPIC.length);
  PROPERTIES.copy(record, 91 + BODY.length + TOPIC.length);
  for (let i = 0; i < count; i++) {
    record.writeUInt32BE(Math.floor(i / QUEUES), 24);
    writeSync(fd, record, 0, RECORD_SIZE, i * RECORD_SIZE);
  }
}

function readBlock(fd: number, first: number, count: number): Buffer {
  const block = Buffer.allocUnsafeSlow(count * RECORD_SIZE);
  readSync(fd, block, 0, block.length, first * RECORD_SIZE);
  return block;
}

function pull(block: Buffer, queueId: number): BareMessage[] {
  const messages: BareMessage[] = [];
  for (let at = queueId * RECORD_SIZE; at < block.length; at += QUEUES * RECORD_SIZE)
    messages.push(decode(block, at));
  return messages;
}

function decode(reply: Buffer, start: number): BareMessage {
  const bodyEnd = start + 88 + reply.readInt32BE(start + 84);
  const topicEnd = bodyEnd + 1 + reply[bodyEnd]!;
  return {
    queueOffset: readInt64(reply, start + 20),
    commitLogOffset: readInt64(reply, start + 28),
    storeTimestamp: readInt64(reply, start + 56),
    topic: reply.toString('latin1', bodyEnd + 1, topicEnd),
    body: reply.subarray(start + 88, bodyEnd),
    properties: topicEnd + 2,
  };
}

function readInt64(buffer: Buffer, position: number): number {
  return buffer.readUInt32BE(position) * 4294967296 + buffer.readUInt32BE(position + 4);
}
