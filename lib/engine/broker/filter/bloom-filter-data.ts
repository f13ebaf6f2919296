import { murmur3 } from './murmur3.js';

/** Positions and bits of a filter for 32 groups with 20 % errors, as in Apache's defaults (BloomFilter). */
const BIT_NUM = 112;
const BIT_POSITIONS = 3;

/** What Apache's broker keeps with an expression, and needs when it reads the table (BloomFilterData). */
export type BloomFilterData = {
  readonly bitNum: number;
  readonly bitPos: readonly number[];
};

/** BloomFilter#generate. */
export function bloomFilterData(group: string, topic: string): BloomFilterData {
  const hash = murmur3(Buffer.from(`${group}#${topic}`));
  const first = Number(BigInt.asIntN(32, hash));
  const second = Number(BigInt.asIntN(32, hash >> 32n));
  const bitPos = Array.from({ length: BIT_POSITIONS }, (_, i) => {
    const combined = (first + Math.imul(i + 1, second)) | 0;
    return (combined < 0 ? ~combined : combined) % BIT_NUM;
  });
  return { bitNum: BIT_NUM, bitPos };
}
