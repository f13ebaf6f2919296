import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMessage } from '../../../lib/common/message-decoder.js';
import { parseSocketHost, type SocketHost } from '../../../lib/common/socket-host.js';
import { formatSocketHost } from '../../../lib/common/socket-host.js';
import type { MessageExtBrokerInner } from '../../../lib/engine/store/message-ext-broker-inner.js';
import { loadVectors, type RecordVector, type RecordVectors } from '../../support/apache-vectors.js';
import { anyMessage, anyPlace } from '../../support/arbitrary-message.js';
import { encodeRecord, innerMessage, type RecordPlace } from '../../support/test-store.js';

const { records } = loadVectors<RecordVectors>('records.json');
const MAX_PROPERTIES = 32_767;
const CHECKSUM_LENGTH = 20;
const IPV6_FLAGS = 0x30;

/** The message from which Apache's broker made a record, its properties as text in their order. */
function messageOf({ fields }: RecordVector, properties: Buffer): MessageExtBrokerInner {
  const { topic, queueId, flag, sysFlag, bornTimestamp, reconsumeTimes, preparedTransactionOffset } = fields;
  return innerMessage({
    ...{ topic, queueId, flag, bornTimestamp, reconsumeTimes, preparedTransactionOffset },
    // The encoder sets these from the hosts.
    sysFlag: sysFlag & ~IPV6_FLAGS,
    bornHost: parseSocketHost(fields.bornHost),
    storeHost: parseSocketHost(fields.storeHost),
    body: Buffer.from(fields.bodyHex, 'hex'),
    brokerProperties: properties,
  });
}

function placeOf({ fields }: RecordVector): RecordPlace {
  const { queueOffset, commitLogOffset, storeTimestamp } = fields;
  return { queueOffset, commitLogOffset, storeTimestamp };
}

const named = records.map((vector) => [`${vector.kind} (${vector.store})`, vector] as const);
const hasChecksum = ({ fields }: RecordVector) => '__CRC32#' in fields.properties;

describe('MessageExtEncoder', () => {
  it.each(named.filter(([, vector]) => !hasChecksum(vector)))(
    'writes the record "%s" as Apache does, byte for byte',
    (_, vector) => {
      const properties = Buffer.from(vector.fields.propertiesHex, 'hex');
      const record = encodeRecord(messageOf(vector, properties), {
        ...placeOf(vector),
        withoutChecksum: true,
      });
      expect(record.toString('hex')).toBe(vector.hex);
    },
  );

  it.each(named.filter(([, vector]) => hasChecksum(vector)))(
    'writes the record "%s" with its checksum as Apache does, byte for byte',
    (_, vector) => {
      const properties = Buffer.from(vector.fields.propertiesHex, 'hex').subarray(0, -CHECKSUM_LENGTH);
      const record = encodeRecord(messageOf(vector, properties), placeOf(vector));
      expect(record.toString('hex')).toBe(vector.hex);
    },
  );

  it('has vectors of both kinds', () => {
    expect(records.filter(hasChecksum).length).toBeGreaterThan(5);
    expect(records.filter((vector) => !hasChecksum(vector)).length).toBeGreaterThan(20);
  });

  it('writes what the decoder reads, whatever the message', () => {
    fc.assert(
      fc.property(anyMessage, anyPlace, (message, place) => {
        const decoded = decodeMessage(encodeRecord(message, place))!;
        expect(decoded).toMatchObject({
          ...{ topic: message.topic, queueId: message.queueId, flag: message.flag },
          ...{ bornTimestamp: message.bornTimestamp, reconsumeTimes: message.reconsumeTimes },
          preparedTransactionOffset: message.preparedTransactionOffset,
          ...{ queueOffset: place.queueOffset, commitLogOffset: place.commitLogOffset },
          storeTimestamp: place.storeTimestamp,
          ...{ bornHost: textOf(message.bornHost), storeHost: textOf(message.storeHost) },
        });
        expect(decoded.sysFlag & ~IPV6_FLAGS).toBe(message.sysFlag & ~IPV6_FLAGS);
        expect(decoded.storedBody.equals(message.body)).toBe(true);
        expect(decoded.properties).toEqual(message.properties);
      }),
      { numRuns: 300 },
    );
  });

  it('writes version 2, with two bytes of length, for a topic of more than 127 bytes', () => {
    for (const length of [1, 127, 128, 255]) {
      const record = encodeRecord(innerMessage({ topic: 't'.repeat(length) }));
      expect(record.toString('hex', 4, 8)).toBe(length > 127 ? 'daa320ab' : 'daa320a7');
      expect(decodeMessage(record)!.topic).toHaveLength(length);
    }
  });

  it('believes the address of a host, not the flags of the sender', () => {
    const lying = encodeRecord(innerMessage({ sysFlag: IPV6_FLAGS | 1 }));
    expect(lying.readInt32BE(36)).toBe(1);
    expect(decodeMessage(lying)!.bornHost).toBe('127.0.0.1:10911');
  });

  it('takes properties up to 32,767 bytes with their checksum, and no byte more', () => {
    const value = (length: number) => new Map([['a', 'x'.repeat(length)]]);
    const longest = MAX_PROPERTIES - CHECKSUM_LENGTH - 'a12'.length;
    const record = encodeRecord(innerMessage({ properties: value(longest) }));
    expect(decodeMessage(record)!.getProperty('a')).toHaveLength(longest);
    expect(() => encodeRecord(innerMessage({ properties: value(longest + 1) }))).toThrow('too long');
    const unchecked = encodeRecord(innerMessage({ properties: value(longest + CHECKSUM_LENGTH) }), {
      withoutChecksum: true,
    });
    expect(decodeMessage(unchecked)!.properties.size).toBe(1);
  });

  it('counts properties in bytes, and those of the broker with them', () => {
    const half = Buffer.alloc(16_000, 'x');
    const message = (characters: number) =>
      innerMessage({ properties: new Map([['a', '火'.repeat(characters)]]), brokerProperties: half });
    const room = Math.floor((MAX_PROPERTIES - CHECKSUM_LENGTH - 3 - half.length) / 3);
    expect(() => encodeRecord(message(room))).not.toThrow();
    expect(() => encodeRecord(message(room + 1))).toThrow('too long');
  });
});

function textOf({ address, port }: SocketHost): string {
  const bytes = Buffer.alloc(address.length + 4);
  address.copy(bytes);
  bytes.writeInt32BE(port, address.length);
  return formatSocketHost(bytes, 0, address.length);
}
