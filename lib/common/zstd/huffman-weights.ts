import { BackwardBitReader } from './backward-bit-reader.js';
import { ByteReader } from './byte-reader.js';
import { readFseDistribution } from './fse-distribution.js';
import { FseState, FseTable } from './fse-table.js';

/** From this header on the weights stand there as they are, four bits each. */
const DIRECT = 128;
const MAX_WEIGHTS = 255;
const LIMITS = { maxAccuracyLog: 6, maxSymbol: 11 };

/** Reads the description of a Huffman tree (RFC 8878, 4.2.1.1). */
export function readHuffmanWeights(bytes: ByteReader): number[] {
  const header = bytes.readUInt(1);
  if (header < DIRECT) return decodeWeights(bytes.take(header));
  const count = header - DIRECT + 1;
  const packed = bytes.take((count + 1) >>> 1);
  return Array.from({ length: count }, (_, i) => (packed[i >>> 1]! >>> (i % 2 === 0 ? 4 : 0)) & 15);
}

/** Two states take turns until the bits do not suffice for the next one; the other still has its symbol then. */
function decodeWeights(description: Buffer): number[] {
  const bytes = new ByteReader(description);
  const table = FseTable.ofDistribution(readFseDistribution(bytes, LIMITS));
  const bits = new BackwardBitReader(bytes.takeRest());
  let state = new FseState(table, bits);
  let other = new FseState(table, bits);
  const weights = [state.symbol];
  while (state.bitCount <= bits.bitsLeft) {
    state.advance();
    [state, other] = [other, state];
    weights.push(state.symbol);
    // States that take no bits would go on for ever.
    if (weights.length === MAX_WEIGHTS) throw new Error('a zstd Huffman tree of too many weights');
  }
  return [...weights, other.symbol];
}
