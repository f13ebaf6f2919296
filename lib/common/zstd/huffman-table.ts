import { BackwardBitReader } from './backward-bit-reader.js';

const MAX_BITS = 11;

/** A prefix code of literals (RFC 8878, 4.2.1). */
export class HuffmanTable {
  private readonly maxBits: number;
  /** By the next `maxBits` bits: the symbol in the lower byte, and in the upper how many of those bits are its code. */
  private readonly entries: Uint16Array;

  /**
   * @param weights of all symbols but the last, whose weight follows from theirs.
   *
   * @throws Error when they do not make a complete tree of at most eleven bits.
   */
  constructor(weights: readonly number[]) {
    const shares = sumOfShares(weights);
    this.maxBits = 32 - Math.clz32(shares);
    if (shares === 0 || this.maxBits > MAX_BITS)
      throw new Error('a zstd Huffman tree of no or too many bits');
    this.entries = new Uint16Array(1 << this.maxBits);
    this.build([...weights, weightOf(this.entries.length - shares)]);
  }

  /** Fills `target` with what the stream decodes to, which must be all of the stream. */
  decode(stream: Buffer, target: Buffer): void {
    const { entries, maxBits } = this;
    const bits = new BackwardBitReader(stream);
    for (let i = 0; i < target.length; i++) {
      const entry = entries[bits.peek(maxBits)]!;
      target[i] = entry & 0xff;
      bits.skip(entry >>> 8);
    }
    bits.expectEnd();
  }

  /** Codes are given out by weight, the longest first, and by symbol. */
  private build(weights: readonly number[]): void {
    let start = 0;
    for (let weight = 1; weight <= this.maxBits; weight++) {
      const codeLength = this.maxBits + 1 - weight;
      for (let symbol = 0; symbol < weights.length; symbol++) {
        if (weights[symbol] !== weight) continue;
        this.entries.fill((codeLength << 8) | symbol, start, start + shareOf(weight));
        start += shareOf(weight);
      }
    }
  }
}

/** How many entries a symbol of this weight takes; none of weight 0. */
function shareOf(weight: number): number {
  return (1 << weight) >>> 1;
}

function sumOfShares(weights: readonly number[]): number {
  let sum = 0;
  for (const weight of weights) sum += shareOf(weight);
  return sum;
}

function weightOf(share: number): number {
  const weight = 32 - Math.clz32(share);
  if (shareOf(weight) !== share) throw new Error('an incomplete zstd Huffman tree');
  return weight;
}
