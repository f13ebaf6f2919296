import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeProperties, encodeProperties } from '../../lib/common/message-properties.js';
import { loadVectors } from '../support/apache-vectors.js';

const vectors = loadVectors<{
  messageProperties2String: { properties: [string, string | null][] | null; text: string }[];
  string2messageProperties: { text: string | null; properties: Record<string, string> }[];
}>('java.json');

const text = fc
  .string({ unit: 'grapheme', minLength: 1 })
  .filter((value) => !value.includes('\u0001') && !value.includes('\u0002'));

describe('encodeProperties', () => {
  const cases = vectors.messageProperties2String.filter(({ properties }) =>
    properties?.every(([, value]) => value !== null),
  );

  it.each(cases)('writes $text as Java does', ({ properties, text: expected }) => {
    expect(encodeProperties(new Map(properties as [string, string][]))).toBe(expected);
  });
});

describe('decodeProperties', () => {
  const cases = vectors.string2messageProperties.filter((vector) => vector.text !== null);

  it.each(cases)('reads $text as Java does', ({ text: encoded, properties }) => {
    expect(Object.fromEntries(decodeProperties(encoded!))).toEqual(properties);
  });

  it('reads the longest text that a frame may have soon, though none of its pairs has a value', () => {
    const empty = '\u0002'.repeat(16 << 20);
    expect(decodeProperties(empty).size).toBe(0);
    expect(decodeProperties(`${empty}a\u0001b`)).toEqual(new Map([['a', 'b']]));
  });

  it('reads what was encoded', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text)), (entries) => {
        const properties = new Map(entries);
        expect(decodeProperties(encodeProperties(properties))).toEqual(properties);
      }),
    );
  });

  it('keeps names that are special in JavaScript', () => {
    const properties = new Map([
      ['__proto__', 'a'],
      ['constructor', 'b'],
      ['toString', 'c'],
    ]);
    expect(decodeProperties(encodeProperties(properties))).toEqual(properties);
  });

  it('never throws, and reads no pair without a name and a value', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'b', '\u0001', '\u0002', '\ud800') }), (noise) => {
        for (const [name, value] of decodeProperties(noise)) expect(name !== '' && value !== '').toBe(true);
      }),
    );
  });
});
