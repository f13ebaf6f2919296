import type { FseDistribution, FseLimits } from './fse-distribution.js';
import { FseTable } from './fse-table.js';

/** What a sequence is made of, and the FSE tables of it. */
export interface SequencePart extends FseLimits {
  readonly predefined: FseTable;
}

/** Lengths by their codes: the code stands for the lowest of them, to which `extraBits` bits are added. */
export interface LengthCodes extends SequencePart {
  readonly lowest: Uint32Array;
  readonly extraBits: Uint8Array;
}

function lengthCodes(
  minLength: number,
  extraBits: readonly number[],
  predefined: FseDistribution,
): LengthCodes {
  let next = minLength;
  const lowest = extraBits.map((bits) => (next += 2 ** bits) - 2 ** bits);
  return {
    lowest: Uint32Array.from(lowest),
    extraBits: Uint8Array.from(extraBits),
    maxAccuracyLog: 9,
    maxSymbol: extraBits.length - 1,
    predefined: FseTable.ofDistribution(predefined),
  };
}

function many(value: number, count: number): number[] {
  return Array.from({ length: count }, () => value);
}

/** RFC 8878, 3.1.1.3.2.1.1 and 3.1.1.3.2.2.1. */
export const LITERALS_LENGTHS = lengthCodes(
  0,
  [...many(0, 16), 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
  {
    accuracyLog: 6,
    counts: [4, 3, ...many(2, 11), 1, 1, 1, ...many(2, 9), 3, 2, ...many(1, 5), ...many(-1, 4)],
  },
);

/** RFC 8878, 3.1.1.3.2.1.1 and 3.1.1.3.2.2.2. */
export const MATCH_LENGTHS = lengthCodes(
  3,
  [...many(0, 32), 1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
  { accuracyLog: 6, counts: [1, 4, 3, 2, 2, 2, 2, 2, 2, ...many(1, 37), ...many(-1, 7)] },
);

/** RFC 8878, 3.1.1.3.2.1.1 and 3.1.1.3.2.2.3. A code is the number of bits that are added to `2 ** code`. */
export const OFFSETS: SequencePart = {
  maxAccuracyLog: 8,
  maxSymbol: 31,
  predefined: FseTable.ofDistribution({
    accuracyLog: 5,
    counts: [1, 1, 1, 1, 1, 1, 2, 2, 2, ...many(1, 15), ...many(-1, 5)],
  }),
};
