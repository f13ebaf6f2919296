import type { BackwardBitReader } from './backward-bit-reader.js';
import type { FseDistribution } from './fse-distribution.js';

/** What the states of an FSE code decode to, and how the next state is found from each (RFC 8878, 4.1.1). */
export class FseTable {
  /** By state: the symbol in the lowest byte, the number of bits to read in the next, above them what is added to those bits. */
  readonly entries: Uint32Array;

  constructor(readonly accuracyLog: number) {
    this.entries = new Uint32Array(2 ** accuracyLog);
  }

  /** The table of one symbol, which takes no bits. */
  static ofSymbol(symbol: number): FseTable {
    const table = new FseTable(0);
    table.entries[0] = symbol;
    return table;
  }

  static ofDistribution({ accuracyLog, counts }: FseDistribution): FseTable {
    const table = new FseTable(accuracyLog);
    table.spread(counts, table.placeRare(counts));
    table.link(counts);
    return table;
  }

  /** Symbols of less than one state stand at the end. Returns where they begin. */
  private placeRare(counts: readonly number[]): number {
    let start = this.entries.length;
    for (let symbol = 0; symbol < counts.length; symbol++) {
      if (counts[symbol] === -1) this.entries[--start] = symbol;
    }
    return start;
  }

  /** The states of the others are scattered over the rest. */
  private spread(counts: readonly number[], end: number): void {
    const { entries } = this;
    const mask = entries.length - 1;
    const step = (entries.length >>> 1) + (entries.length >>> 3) + 3;
    let state = 0;
    for (let symbol = 0; symbol < counts.length; symbol++) {
      for (let i = 0; i < counts[symbol]!; i++) {
        entries[state] = symbol;
        do state = (state + step) & mask;
        while (state >= end);
      }
    }
  }

  /** The states of a symbol share the next states among them: each of `n` leads to about an `n`-th of all. */
  private link(counts: readonly number[]): void {
    const { entries, accuracyLog } = this;
    const shares = counts.map(Math.abs);
    for (let state = 0; state < entries.length; state++) {
      const symbol = entries[state]!;
      const share = shares[symbol]!++;
      const bitCount = accuracyLog - (31 - Math.clz32(share));
      const baseline = (share << bitCount) - entries.length;
      entries[state] = symbol | (bitCount << 8) | (baseline << 16);
    }
  }
}

/** One of the states that a bitstream interleaves. */
export class FseState {
  private readonly entries: Uint32Array;
  private entry: number;

  constructor(
    table: FseTable,
    private readonly bits: BackwardBitReader,
  ) {
    this.entries = table.entries;
    this.entry = this.entries[bits.read(table.accuracyLog)]!;
  }

  get symbol(): number {
    return this.entry & 0xff;
  }

  /** How many bits {@link advance} will take. */
  get bitCount(): number {
    return (this.entry >>> 8) & 0xff;
  }

  advance(): void {
    this.entry = this.entries[(this.entry >>> 16) + this.bits.read(this.bitCount)]!;
  }
}
