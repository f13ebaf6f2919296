import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMessage, decodeMessages, isWellFormed } from '../../lib/common/message-decoder.js';
import type { MessageExt } from '../../lib/common/message-ext.js';
import { BLANK_MAGIC_CODE } from '../../lib/common/message-layout.js';
import { loadVectors, type RecordVectors } from '../support/apache-vectors.js';
import { comparable, fieldsOf } from '../support/message-fields.js';

const { records, blanks } = loadVectors<RecordVectors>('records.json');
const buffers = records.map(({ hex }) => Buffer.from(hex, 'hex'));
const anyRecord = fc.integer({ min: 0, max: buffers.length - 1 }).map((index) => buffers[index]!);

describe('decodeMessage', () => {
  it.each(records.map((vector) => [`${vector.kind} (${vector.store})`, vector] as const))(
    'reads the record "%s" of Apache field by field',
    (_, { hex, fields }) => {
      const message = decodeMessage(Buffer.from(hex, 'hex'))!;
      expect(fieldsOf(message)).toEqual(comparable(fields));
      expect(hex.slice(8, 16)).toBe(fields.magic);
      expect(hex.slice(16, 24)).toBe(fields.bodyCRC.toString(16).padStart(8, '0'));
      expect(hex.includes(fields.propertiesHex)).toBe(true);
      expect(message.storedBody.toString('hex')).toBe(fields.bodyHex);
    },
  );

  it('reads a record that lies between others', () => {
    const before = Buffer.alloc(13, 0xff);
    for (const record of buffers) {
      const message = decodeMessage(Buffer.concat([before, record, before]), before.length)!;
      expect(fieldsOf(message)).toEqual(fieldsOf(decodeMessage(record)!));
    }
  });

  it('reads no record from the blank at the end of a file', () => {
    for (const { hex, size } of blanks) {
      const blank = Buffer.from(hex, 'hex');
      expect(blank.readInt32BE(0)).toBe(size);
      expect(blank.readInt32BE(4)).toBe(BLANK_MAGIC_CODE);
      expect(decodeMessage(Buffer.concat([blank, Buffer.alloc(size)]))).toBeUndefined();
    }
  });

  it('never throws, and reads nothing from noise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(50), (noise, start) => {
        expect(decodeMessage(Buffer.from(noise), start)).toBeUndefined();
      }),
    );
  });

  it('reads nothing from a record of which an end is missing', () => {
    fc.assert(
      fc.property(
        anyRecord,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (record, part) => {
          expect(decodeMessage(record.subarray(0, Math.floor(record.length * part)))).toBeUndefined();
        },
      ),
    );
  });

  it('never throws on a record with changed bytes, and then reads only what lies in it', () => {
    const change = fc.tuple(fc.nat(), fc.nat(255));
    fc.assert(
      fc.property(anyRecord, fc.array(change, { minLength: 1, maxLength: 8 }), (record, changes) => {
        const changed = Buffer.from(record);
        for (const [position, byte] of changes) changed[position % record.length] = byte;
        const message = decodeMessage(changed);
        if (message === undefined) return;
        expect(isWellFormed(changed, 0)).toBe(true);
        expect(message.storedBody.length + message.topic.length).toBeLessThan(record.length);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('decodeMessages', () => {
  const noAltered = (messages: MessageExt[]) => messages.map((message) => message.commitLogOffset);

  it('reads records that follow one another', () => {
    const messages = decodeMessages(Buffer.concat(buffers));
    expect(noAltered(messages)).toEqual(records.map(({ fields }) => fields.commitLogOffset));
  });

  it('leaves out one whose body is damaged, and reads those behind it', () => {
    const damaged = Buffer.concat(buffers);
    const withBody = records.findIndex(({ fields }) => fields.bodyLength > 0);
    const start = buffers.slice(0, withBody).reduce((sum, { length }) => sum + length, 0);
    const body = damaged.indexOf(records[withBody]!.fields.bodyHex, start, 'hex');
    damaged[body]! ^= 1;
    const others = records.filter((_, i) => i !== withBody);
    expect(noAltered(decodeMessages(damaged))).toEqual(others.map(({ fields }) => fields.commitLogOffset));
  });

  it('never throws, and ends on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (noise) => {
        expect(decodeMessages(Buffer.concat([buffers[0]!, Buffer.from(noise)]))[0]!.storeSize).toBe(
          buffers[0]!.length,
        );
      }),
    );
  });
});
