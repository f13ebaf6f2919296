import { describe, expect, it } from 'vitest';
import { RepeatOffsets } from '../../../lib/common/zstd/repeat-offsets.js';

describe('RepeatOffsets', () => {
  it('begins with 1, 4 and 8', () => {
    expect([1, 2, 3].map((value) => new RepeatOffsets().resolve(value, 5))).toEqual([1, 4, 8]);
  });

  it('moves what was used to the front, and goes one further where there are no literals', () => {
    const offsets = new RepeatOffsets();
    const used = [
      [10, 1], // 7, 1, 4
      [1, 1],
      [2, 1], // 1, 7, 4
      [3, 1], // 4, 1, 7
      [1, 0], // 1, 4, 7
      [2, 0], // 7, 1, 4
      [3, 0], // 6, 7, 1
      [3, 2], // 1, 6, 7
      [9, 0], // 6, 1, 6
      [3, 7],
    ].map(([value, literalsLength]) => offsets.resolve(value!, literalsLength!));
    expect(used).toEqual([7, 7, 1, 4, 1, 7, 6, 1, 6, 6]);
  });
});
