import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { combineCrc32, continueCrc32 } from '../../lib/common/crc32-parts.js';
import { fullCrc32 } from '../../lib/common/crc32.js';
import { viewOf } from '../../lib/common/int64.js';

const bytes = (maxLength: number) => fc.uint8Array({ maxLength });

describe('a CRC-32 of parts', () => {
  it('is that of the whole when it is continued', () => {
    fc.assert(
      fc.property(bytes(300), bytes(300), (first, second) => {
        const whole = Buffer.concat([first, second]);
        const view = viewOf(whole);
        const crc = continueCrc32(continueCrc32(0, view, 0, first.length), view, first.length, whole.length);
        expect(crc >>> 0).toBe(crc32(whole));
      }),
    );
  });

  it('is that of the whole when two are combined', () => {
    fc.assert(
      fc.property(bytes(300), bytes(300), fc.nat(100_000), (first, second, zeros) => {
        const longer = Buffer.concat([second, Buffer.alloc(zeros)]);
        const crc = combineCrc32(fullCrc32(first), fullCrc32(longer), longer.length);
        expect(crc >>> 0).toBe(crc32(Buffer.concat([first, longer])));
      }),
    );
  });
});
