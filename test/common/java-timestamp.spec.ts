import { describe, expect, it } from 'vitest';
import { toTimestamp } from '../../lib/common/java-timestamp.js';

describe('a point in time', () => {
  it('is a number, a Date, or yyyyMMddHHmmss in local time', () => {
    expect(toTimestamp(17)).toBe(17);
    expect(toTimestamp(new Date(17))).toBe(17);
    expect(toTimestamp('20240229235958')).toBe(new Date(2024, 1, 29, 23, 59, 58).getTime());
  });

  it.each(['', '20240229', '20230229000000', '20240101250000', '20240101006000', '2024010100000x', NaN])(
    'is not %j',
    (time) => expect(toTimestamp(time)).toBeNaN(),
  );

  it('is no invalid Date', () => expect(toTimestamp(new Date(NaN))).toBeNaN());
});
