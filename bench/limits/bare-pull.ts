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

/** What a consumer must read of a record before it can hand the message to anyone. */
interface BareMessage {
  readonly queueOffset: number;
  readonly commitLogOffset: number;
  readonly storeTimestamp: number;
  readonly topic: string;
  readonly body: Buffer;
  readonly properties: Map<string, string>;
}

/**
 * The least that pulling can be in Node: one read a record, as the records of several queues lie interleaved in the log,
 * 32 to a reply, every record decoded. No checks, no filter, no offsets, no limits. Returns messages per second.
 */
export function barePullRate(directory: string, count: number): number {
  const path = join(directory, 'bare-log');
  const fd = openSync(path, 'w+');
  try {
    write(fd, count);
    const startedAt = performance.now();
    let checksum = 0;
    for (let queueId = 0; queueId < QUEUES; queueId++) {
      for (let first = queueId; first < count; first += QUEUES * PULL_SIZE) {
        for (const message of pull(fd, first, count))
          checksum += message.queueOffset + message.properties.size;
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

function pull(fd: number, first: number, count: number): BareMessage[] {
  const reply = Buffer.allocUnsafe(PULL_SIZE * RECORD_SIZE);
  const messages: BareMessage[] = [];
  for (let i = first; i < count && messages.length < PULL_SIZE; i += QUEUES) {
    const start = messages.length * RECORD_SIZE;
    readSync(fd, reply, start, RECORD_SIZE, i * RECORD_SIZE);
    messages.push(decode(reply, start));
  }
  return messages;
}

function decode(reply: Buffer, start: number): BareMessage {
  const bodyEnd = start + 88 + reply.readInt32BE(start + 84);
  const topicEnd = bodyEnd + 1 + reply[bodyEnd]!;
  const propertiesEnd = topicEnd + 2 + reply.readInt16BE(topicEnd);
  const properties = new Map<string, string>();
  for (const pair of reply.toString('utf8', topicEnd + 2, propertiesEnd).split('\u0002')) {
    const separator = pair.indexOf('\u0001');
    if (separator > 0) properties.set(pair.slice(0, separator), pair.slice(separator + 1));
  }
  return {
    queueOffset: readInt64(reply, start + 20),
    commitLogOffset: readInt64(reply, start + 28),
    storeTimestamp: readInt64(reply, start + 56),
    topic: reply.toString('latin1', bodyEnd + 1, topicEnd),
    body: reply.subarray(start + 88, bodyEnd),
    properties,
  };
}

function readInt64(buffer: Buffer, position: number): number {
  return buffer.readUInt32BE(position) * 4294967296 + buffer.readUInt32BE(position + 4);
}
