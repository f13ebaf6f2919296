import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hexByte, hexInt32, hexInt64 } from '../../lib/common/hex.js';

const plain = (value: number, digits: number) => value.toString(16).toUpperCase().padStart(digits, '0');

describe('hex digits', () => {
  it('are those of toString, with leading zeros', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        expect(hexInt64(value)).toBe(plain(value, 16));
        expect(hexInt32(value)).toBe(plain(value % 0x1_0000_0000, 8));
        expect(hexByte(value)).toBe(plain(value % 0x100, 2));
      }),
    );
  });

  it.each([0, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x1_0000_0000, Number.MAX_SAFE_INTEGER])(
    'are right at the borders: %d',
    (value) => expect(hexInt64(value)).toBe(plain(value, 16)),
  );
});
