import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OffsetRanges } from '../../../lib/engine/store/offset-ranges.js';

const SPAN = 60;
const change = fc.record({
  isAdded: fc.boolean(),
  from: fc.nat(SPAN),
  length: fc.integer({ min: 1, max: 12 }),
});

describe('OffsetRanges', () => {
  it('has what was added and not taken out again, whatever the order', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
        const ranges = new OffsetRanges();
        const model = new Set<number>();
        for (const { isAdded, from, length } of changes) {
          if (isAdded) ranges.add(from, from + length);
          else ranges.remove(from, from + length);
          for (let offset = from; offset < from + length; offset++) {
            if (isAdded) model.add(offset);
            else model.delete(offset);
          }
        }
        for (let offset = 0; offset <= SPAN + 12; offset++) {
          expect(ranges.has(offset)).toBe(model.has(offset));
          const isNear = [0, 1, 2].some((distance) => model.has(offset + distance));
          expect(ranges.overlaps(offset, offset + 3)).toBe(isNear);
        }
        expect(ranges.isEmpty).toBe(model.size === 0);
      }),
    );
  });

  it('joins what lies side by side, and is in order', () => {
    const ranges = new OffsetRanges();
    for (const from of [9, 3, 5, 4, 8]) ranges.add(from, from + 1);
    expect([...ranges]).toEqual([
      { from: 3, to: 6 },
      { from: 8, to: 10 },
    ]);
    ranges.add(6, 8);
    expect([...ranges]).toEqual([{ from: 3, to: 10 }]);
    ranges.remove(5, 6);
    expect([...ranges]).toEqual([
      { from: 3, to: 5 },
      { from: 6, to: 10 },
    ]);
  });
});
