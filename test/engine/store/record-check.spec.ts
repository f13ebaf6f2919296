import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSoundRecord } from '../../../lib/engine/store/record-check.js';
import { loadVectors, type RecordVectors } from '../../support/apache-vectors.js';
import { anyMessage } from '../../support/arbitrary-message.js';
import { encodeRecord, innerMessage } from '../../support/test-store.js';

const { records } = loadVectors<RecordVectors>('records.json');
const OFFSET = 123_456_789;
const IPV6 = { address: Buffer.alloc(16, 7), port: 10_911 };

/** Bits whose change leaves a record that is taken for a sound one. */
function undetectedBits(record: Buffer, commitLogOffset: number): string[] {
  const undetected: string[] = [];
  const changed = Buffer.from(record);
  for (let position = 0; position < record.length; position++) {
    for (let bit = 0; bit < 8; bit++) {
      changed[position] = record[position]! ^ (1 << bit);
      if (isSoundRecord(changed, 0, commitLogOffset)) undetected.push(`byte ${position} bit ${bit}`);
    }
    changed[position] = record[position]!;
  }
  return undetected;
}

describe('isSoundRecord', () => {
  it.each(records.map((vector) => [`${vector.kind} (${vector.store})`, vector] as const))(
    'takes the record "%s" of Apache, but nowhere else',
    (_, { hex, fields }) => {
      const record = Buffer.from(hex, 'hex');
      expect(isSoundRecord(record, 0, fields.commitLogOffset)).toBe(true);
      expect(isSoundRecord(record, 0, fields.commitLogOffset + 1)).toBe(false);
      const shifted = Buffer.concat([Buffer.alloc(5), record]);
      expect(isSoundRecord(shifted, 5, fields.commitLogOffset)).toBe(true);
    },
  );

  it.each([
    [
      'of an ordinary message',
      innerMessage({
        properties: new Map([
          ['UNIQ_KEY', 'id'],
          ['TAGS', 'a'],
        ]),
      }),
    ],
    ['without properties', innerMessage()],
    ['without a body', innerMessage({ body: Buffer.alloc(0) })],
    ['with IPv6 hosts', innerMessage({ bornHost: IPV6, storeHost: IPV6 })],
    ['of version 2', innerMessage({ topic: 't'.repeat(200) })],
  ])('notices every flipped bit of a record %s', (_, message) => {
    expect(undetectedBits(encodeRecord(message, { commitLogOffset: OFFSET }), OFFSET)).toEqual([]);
  });

  it('notices every flipped bit of any record', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        const record = encodeRecord(
          { ...message, body: message.body.subarray(0, 50) },
          { commitLogOffset: OFFSET },
        );
        expect(undetectedBits(record, OFFSET)).toEqual([]);
      }),
      { numRuns: 15 },
    );
  });

  it("notices every flipped bit of the records that Apache's broker gave a checksum", () => {
    for (const { hex, fields } of records.filter((vector) => '__CRC32#' in vector.fields.properties))
      expect(undetectedBits(Buffer.from(hex, 'hex'), fields.commitLogOffset)).toEqual([]);
  });

  it('notices every flipped bit of body, position and lengths where there is only a checksum of the body', () => {
    const body = Buffer.from('a body that is protected');
    const record = encodeRecord(innerMessage({ body }), { commitLogOffset: OFFSET, withoutChecksum: true });
    const bodyStart = record.indexOf(body);
    const isProtected = (line: string) => {
      const position = Number(/byte (\d+)/.exec(line)![1]);
      const isLength = position < 12 || (position >= bodyStart - 4 && position < bodyStart);
      return (
        isLength ||
        (position >= 28 && position < 36) ||
        (position >= bodyStart && position < bodyStart + body.length)
      );
    };
    expect(undetectedBits(record, OFFSET).filter(isProtected)).toEqual([]);
  });

  it.each([
    ['zeros', 0],
    ['ones', 0xff],
  ])('takes no record whose checksum was overwritten with %s for one without', (_, byte) => {
    const record = encodeRecord(innerMessage(), { commitLogOffset: OFFSET });
    for (let from = 1; from <= 20; from++) {
      const damaged = Buffer.from(record);
      damaged.fill(byte, record.length - from);
      expect(isSoundRecord(damaged, 0, OFFSET), `the last ${from} bytes`).toBe(false);
    }
  });

  it('never throws on noise, and takes it for no record', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(100), fc.maxSafeNat(), (noise, start, offset) => {
        expect(isSoundRecord(Buffer.from(noise), start, offset)).toBe(false);
      }),
    );
  });

  it('never throws on a record with wild numbers in it', () => {
    const record = encodeRecord(innerMessage({ properties: new Map([['a', 'b']]) }), {
      commitLogOffset: OFFSET,
    });
    fc.assert(
      fc.property(
        fc.nat(record.length - 5),
        fc.uint8Array({ minLength: 4, maxLength: 4 }),
        (position, bytes) => {
          const changed = Buffer.from(record);
          changed.set(bytes, position);
          expect(isSoundRecord(changed, 0, OFFSET)).toBe(changed.equals(record));
        },
      ),
      { numRuns: 3000 },
    );
  });
});
