import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeUtf8 } from '../../lib/common/buffer-text.js';

describe('encodeUtf8', () => {
  it('gives each text bytes of its own, also when many share an allocation', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 3000 }), { maxLength: 60 }), (texts) => {
        const encoded = texts.map((text) => encodeUtf8(text));
        expect(encoded.map((bytes) => bytes.toString('hex'))).toEqual(
          texts.map((text) => Buffer.from(text, 'utf8').toString('hex')),
        );
      }),
    );
  });

  it.each([0, 1, 5461, 5462, 100_000])('takes a text of %d characters', (length) => {
    expect(encodeUtf8('€'.repeat(length)).toString('utf8')).toBe('€'.repeat(length));
  });

  it('lets texts that are not compressed share an allocation', () => {
    const allocations = new Set(Array.from({ length: 10 }, () => encodeUtf8('x'.repeat(4000)).buffer));
    expect(allocations.size).toBeLessThan(4);
  });
});
