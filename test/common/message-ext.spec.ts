import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { compressBody, decompressBody } from '../../lib/common/compression.js';
import { decodeMessage } from '../../lib/common/message-decoder.js';
import { MessageSysFlag } from '../../lib/common/message-sys-flag.js';
import { RocketMQError } from '../../lib/errors/rocketmq.error.js';
import { loadVectors, type RecordVectors } from '../support/apache-vectors.js';
import { encodeRecord, innerMessage } from '../support/test-store.js';

const { records } = loadVectors<RecordVectors>('records.json');
const MIB = 1024 * 1024;

function messageOf(kind: string) {
  const vector = records.find((candidate) => candidate.kind === kind)!;
  return decodeMessage(Buffer.from(vector.hex, 'hex'))!;
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof RocketMQError) return error.code;
    throw error;
  }
  return 'none';
}

describe('MessageExt', () => {
  it('inflates a body that Apache compressed with zlib', () => {
    const message = messageOf('compressed with zlib');
    expect(message.storedBody.length).toBeLessThan(message.body.length);
    expect(message.body.toString()).toContain('a store that Apache RocketMQ wrote');
  });

  it.each(['compressed with LZ4', 'compressed with Zstandard'])('reads a body %s', (kind) => {
    const message = messageOf(kind);
    expect(message.storedBody.length).toBeLessThan(message.body.length);
    expect(message.body.toString()).toContain('a store that Apache RocketMQ wrote');
    expect(message.getProperty('KEYS')).toBeDefined();
  });

  it('hands out bytes that are no body as an error, not as a body', () => {
    const noise = Buffer.from('this is not deflated');
    const record = encodeRecord(innerMessage({ sysFlag: MessageSysFlag.COMPRESSED, body: noise }));
    expect(codeOf(() => decodeMessage(record)!.body)).toBe('DECOMPRESSION');
  });

  it('refuses a body that inflates beyond 4 MiB', () => {
    const bomb = deflateSync(Buffer.alloc(64 * MIB));
    const record = encodeRecord(innerMessage({ sysFlag: MessageSysFlag.COMPRESSED, body: bomb }));
    expect(codeOf(() => decodeMessage(record)!.body)).toBe('DECOMPRESSION');
  });

  it('inflates as much as maxMessageSize allows, and names it otherwise', () => {
    const body = deflateSync(Buffer.alloc(5 * MIB));
    const record = encodeRecord(innerMessage({ sysFlag: MessageSysFlag.COMPRESSED, body }));
    expect(decodeMessage(record, 0, 5 * MIB)!.body).toHaveLength(5 * MIB);
    expect(() => decodeMessage(record, 0, 5 * MIB - 1)!.body).toThrow(/maxMessageSize/);
  });

  it('does not count the checksum of the record as a property', () => {
    const properties = new Map([['a', 'b']]);
    expect(decodeMessage(encodeRecord(innerMessage({ properties })))!.properties).toEqual(properties);
  });

  it('shows when it was begun with as a property, however early its properties were read', () => {
    const record = encodeRecord(innerMessage({ properties: new Map([['a', 'b']]) }));
    const [early, late] = [decodeMessage(record)!, decodeMessage(record)!];
    expect(early.getProperty('CONSUME_START_TIME')).toBeUndefined();
    for (const message of [early, late]) message.consumeStartTimestamp = 1700000000000;
    expect(early.getProperty('CONSUME_START_TIME')).toBe('1700000000000');
    expect(late.properties).toEqual(early.properties);
    expect([early.getProperty('a'), late.consumeStartTimestamp]).toEqual(['b', 1700000000000]);
  });

  it('is known by its record when its sender gave it no id', () => {
    const message = messageOf('no properties');
    expect(message.msgId).toBe(message.offsetMsgId);
  });
});

describe('decompressBody', () => {
  it('reads what was compressed, with either sign of zlib', () => {
    const body = Buffer.from('RocketMQ '.repeat(1000));
    for (const sysFlag of [
      MessageSysFlag.COMPRESSED,
      MessageSysFlag.COMPRESSED | MessageSysFlag.COMPRESSION_ZLIB,
    ]) {
      expect(decompressBody(compressBody(body), sysFlag, body.length)).toEqual(body);
    }
  });

  it('refuses one byte more than allowed', () => {
    const compressed = compressBody(Buffer.alloc(1000));
    expect(codeOf(() => decompressBody(compressed, MessageSysFlag.COMPRESSED, 999))).toBe('DECOMPRESSION');
  });
});
