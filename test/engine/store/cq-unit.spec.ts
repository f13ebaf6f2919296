import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { viewOf } from '../../../lib/common/int64.js';
import { isPlausible, readCqUnit, writeCqUnit } from '../../../lib/engine/store/cq-unit.js';
import { loadVectors, type RecordVectors } from '../../support/apache-vectors.js';

const { consumeQueueUnits } = loadVectors<RecordVectors>('records.json');
const named = consumeQueueUnits.map((vector) => [vector.kind, vector] as const);

describe('a ConsumeQueue unit', () => {
  it.each(named)('of the message "%s" is read and written as Apache does', (_, vector) => {
    const { hex, commitLogOffset, size, tagsCode } = vector;
    const unit = readCqUnit(Buffer.from(hex, 'hex'), 0);
    expect(unit).toEqual({ commitLogOffset, msgSize: size, tagsCode });
    const written = Buffer.alloc(20);
    writeCqUnit(viewOf(written), 0, commitLogOffset, size, tagsCode);
    expect(written.toString('hex')).toBe(hex);
  });

  it('is read back as written, at any place of a buffer', () => {
    const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    fc.assert(
      fc.property(
        fc.maxSafeNat(),
        int32,
        fc.maxSafeInteger(),
        fc.nat(30),
        (offset, size, tagsCode, position) => {
          const buffer = Buffer.alloc(60, 0xff);
          writeCqUnit(viewOf(buffer), position, offset, size, tagsCode);
          expect(readCqUnit(buffer, position)).toEqual({ commitLogOffset: offset, msgSize: size, tagsCode });
          expect(buffer.filter((byte) => byte === 0xff).length).toBeGreaterThanOrEqual(40);
        },
      ),
    );
  });

  it.each([
    ['zeros', '00'.repeat(20)],
    ['ones', 'ff'.repeat(20)],
    ['a size below that of any record', '0000000000000001' + '0000005a' + '00'.repeat(8)],
    ['the size of a blank at a position', '0000000000000001' + '7fffffff' + '00'.repeat(8)],
    ['a negative position', '8000000000000001' + '00000100' + '00'.repeat(8)],
    ['a position beyond 2^53', '0020000000000000' + '00000100' + '00'.repeat(8)],
  ])('is none when it is %s', (_, hex) => {
    expect(isPlausible(readCqUnit(Buffer.from(hex, 'hex'), 0))).toBe(false);
  });

  it('may be the blank that fills a queue before its first message', () => {
    const blank = Buffer.from('00'.repeat(8) + '7fffffff' + '00'.repeat(8), 'hex');
    expect(isPlausible(readCqUnit(blank, 0))).toBe(true);
  });
});
