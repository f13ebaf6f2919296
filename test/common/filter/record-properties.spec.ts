import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecordProperties } from '../../../lib/common/filter/record-properties.js';
import { encodeRecord, innerMessage } from '../../support/test-store.js';

const NAMES = 'a b c d e f g h i j k l m n o p ab'.split(' ');
const name = fc.constantFrom(...NAMES);
const value = fc.string({ unit: fc.constantFrom('a', ' ', '=', 'ä', '\u2603', '\u{1f600}') });
const arbitraryProperties = fc.dictionary(name, value);

describe('RecordProperties', () => {
  it('says what decoding all properties says, however many names are asked for', () => {
    const properties = new RecordProperties();
    fc.assert(
      fc.property(arbitraryProperties, fc.array(name, { maxLength: 20 }), (entries, names) => {
        const map = new Map(Object.entries(entries));
        const record = encodeRecord(innerMessage({ properties: map }));
        properties.of(record, 0);
        for (const asked of names)
          expect(properties.get(asked)).toBe(map.get(asked) === '' ? undefined : map.get(asked));
      }),
    );
  });
});
