import type { ByteReader } from './byte-reader.js';

/** Of what an FSE table may be made. */
export interface FseLimits {
  readonly maxAccuracyLog: number;
  readonly maxSymbol: number;
}

/** How often each symbol stands in a table of `2 ** accuracyLog` states; -1 is a probability of less than one, which gets one state. */
export interface FseDistribution {
  readonly accuracyLog: number;
  readonly counts: readonly number[];
}

const MIN_ACCURACY_LOG = 5;
/** What two bits can say of the zeros behind a zero; with three of them, two more bits follow. */
const MORE_ZEROS = 3;

/** Reads the description of an FSE table (RFC 8878, 4.1.1). */
export function readFseDistribution(bytes: ByteReader, limits: FseLimits): FseDistribution {
  const bits = new ForwardBitReader(bytes);
  const accuracyLog = bits.read(4) + MIN_ACCURACY_LOG;
  if (accuracyLog > limits.maxAccuracyLog) throw new Error(`a zstd table of ${accuracyLog} bits`);
  const counts: number[] = [];
  for (let remaining = 2 ** accuracyLog; remaining > 0;) {
    const count = readCount(bits, remaining);
    counts.push(count);
    remaining -= Math.abs(count);
    if (count === 0) readZeros(bits, counts, limits.maxSymbol);
    if (counts.length > limits.maxSymbol + 1) throw new Error('a zstd table of too many symbols');
  }
  return { accuracyLog, counts };
}

/** From -1 to `remaining`. Of the values that fit in one bit less, the lower ones are written with one bit less. */
function readCount(bits: ForwardBitReader, remaining: number): number {
  const width = 32 - Math.clz32(remaining + 1);
  const half = 2 ** (width - 1);
  const shortValues = 2 * half - 2 - remaining;
  const low = bits.read(width - 1);
  if (low < shortValues || bits.read(1) === 0) return low - 1;
  return low + half - shortValues - 1;
}

function readZeros(bits: ForwardBitReader, counts: number[], maxSymbol: number): void {
  for (let zeros = MORE_ZEROS; zeros === MORE_ZEROS && counts.length <= maxSymbol;) {
    zeros = bits.read(2);
    for (let i = 0; i < zeros; i++) counts.push(0);
  }
}

/** Reads the lowest bits of a byte first, and no byte before it is needed. */
class ForwardBitReader {
  private held = 0;
  private heldBits = 0;

  constructor(private readonly bytes: ByteReader) {}

  read(count: number): number {
    for (; this.heldBits < count; this.heldBits += 8) this.held |= this.bytes.readUInt(1) << this.heldBits;
    const bits = this.held & ((1 << count) - 1);
    this.held >>>= count;
    this.heldBits -= count;
    return bits;
  }
}
