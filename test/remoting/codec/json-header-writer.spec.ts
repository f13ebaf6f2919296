import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FieldName } from '../../../lib/remoting/codec/header-codec.js';
import { maxJsonSize, writeJsonHeader } from '../../../lib/remoting/codec/json-header-writer.js';
import { OWN_LANGUAGE } from '../../../lib/remoting/codec/language-code.js';
import { OWN_VERSION } from '../../../lib/remoting/codec/mq-version.js';

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ unit: fc.constantFrom('k', '\u0001', '\u0002', '\u0003', '"', '\\', '\n', '\ud800', 'ü') }),
);
const integer = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const value = fc.oneof(text, integer, fc.maxSafeInteger());
// Names that are numbers would stand first in an object.
const fields = fc.dictionary(
  fc.string().filter((name) => !/^\d+$/.test(name) && name !== '__proto__'),
  value,
);
const remark = fc.option(text, { nil: undefined });

it('writes what JSON.stringify writes, within the room that it asks for', () => {
  fc.assert(
    fc.property(integer, integer, integer, remark, fields, (code, opaque, flag, said, extFields) => {
      const start = { code, opaque, flag, remark: said };
      const names = Object.keys(extFields).map((name) => new FieldName(name));
      const texts = { names, values: Object.values(extFields) };
      const room = maxJsonSize(start, texts);
      const frame = Buffer.alloc(3 + room);
      const end = writeJsonHeader(frame, 3, start, texts);
      const values = Object.entries(extFields).map(([name, each]) => [name, String(each)]);
      const header = {
        code,
        extFields: values.length > 0 ? Object.fromEntries(values) : undefined,
        flag,
        language: OWN_LANGUAGE,
        opaque,
        remark: said,
        serializeTypeCurrentRPC: 'JSON',
        version: OWN_VERSION,
      };
      expect(frame.toString('utf8', 3, end)).toBe(JSON.stringify(header));
      expect(end).toBeLessThanOrEqual(3 + room);
    }),
  );
});
