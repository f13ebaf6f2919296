import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { int32At, readInt64, readOffset, setInt64, viewOf, writeInt64 } from '../../lib/common/int64.js';

const safeInteger = fc.oneof(
  fc.maxSafeInteger(),
  fc.constantFrom(
    0,
    -1,
    1,
    2 ** 31,
    2 ** 32,
    -(2 ** 32),
    2 ** 32 - 1,
    Number.MAX_SAFE_INTEGER,
    Number.MIN_SAFE_INTEGER,
  ),
);
const bits = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

describe('int64', () => {
  it('is written as the same bytes that a BigInt gives, and read back', () => {
    fc.assert(
      fc.property(safeInteger, (value) => {
        const expected = Buffer.alloc(10);
        expected.writeBigInt64BE(BigInt(value), 1);
        const written = Buffer.alloc(10);
        writeInt64(written, 1, value);
        expect(written).toEqual(expected);
        const viewed = Buffer.alloc(10);
        setInt64(viewOf(viewed), 1, value);
        expect(viewed).toEqual(expected);
        expect(readInt64(written, 1)).toBe(value);
      }),
    );
  });

  it('is never rounded: a value beyond the safe integers is an error', () => {
    fc.assert(
      fc.property(bits, (value) => {
        const buffer = Buffer.alloc(8);
        buffer.writeBigInt64BE(value);
        if (Number.isSafeInteger(Number(value))) expect(BigInt(readInt64(buffer, 0))).toBe(value);
        else expect(() => readInt64(buffer, 0)).toThrow(RangeError);
      }),
    );
  });

  it('has halves that are read as readInt32BE reads them', () => {
    fc.assert(
      fc.property(fc.integer(), (value) => {
        const buffer = Buffer.alloc(6, 0xff);
        buffer.writeInt32BE(value, 1);
        expect(int32At(buffer, 1)).toBe(value);
      }),
    );
  });

  it('is -1 as an offset when it cannot be one', () => {
    fc.assert(
      fc.property(bits, (value) => {
        const buffer = Buffer.alloc(8);
        buffer.writeBigInt64BE(value);
        const isOffset = value >= 0n && value <= BigInt(Number.MAX_SAFE_INTEGER);
        expect(readOffset(buffer, 0)).toBe(isOffset ? Number(value) : -1);
      }),
    );
  });

  it('is found in a buffer that does not begin at the start of its memory', () => {
    const buffer = Buffer.alloc(32).subarray(7, 20);
    setInt64(viewOf(buffer), 3, 0x1234_5678_9abc);
    expect(buffer.toString('hex')).toBe('000000' + '0000123456789abc' + '0000');
  });
});
