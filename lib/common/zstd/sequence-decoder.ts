import type { BackwardBitReader } from './backward-bit-reader.js';
import { FseState } from './fse-table.js';
import { LITERALS_LENGTHS, MATCH_LENGTHS } from './sequence-codes.js';
import type { LengthCodes } from './sequence-codes.js';
import type { SequenceTables } from './sequence-tables.js';

/** Offsets of a higher code are beyond the largest window, and have more bits than are read at once. */
const MAX_OFFSET_CODE = 23;

/** Decodes sequences one after the other (RFC 8878, 3.1.1.3.2.1.2). Its fields are those of the last, which saves an object for each. */
export class SequenceDecoder {
  literalsLength = 0;
  matchLength = 0;
  offsetValue = 0;
  private readonly literalsLengths: FseState;
  private readonly offsets: FseState;
  private readonly matchLengths: FseState;

  constructor(
    tables: SequenceTables,
    private readonly bits: BackwardBitReader,
  ) {
    this.literalsLengths = new FseState(tables.literalsLengths, bits);
    this.offsets = new FseState(tables.offsets, bits);
    this.matchLengths = new FseState(tables.matchLengths, bits);
  }

  decode(): void {
    const code = this.offsets.symbol;
    if (code > MAX_OFFSET_CODE) throw new Error(`a zstd offset of ${code} bits`);
    this.offsetValue = (1 << code) + this.bits.read(code);
    this.matchLength = this.readLength(MATCH_LENGTHS, this.matchLengths.symbol);
    this.literalsLength = this.readLength(LITERALS_LENGTHS, this.literalsLengths.symbol);
  }

  /** Behind the last sequence there are no bits for this. */
  advance(): void {
    this.literalsLengths.advance();
    this.matchLengths.advance();
    this.offsets.advance();
  }

  private readLength(codes: LengthCodes, code: number): number {
    return codes.lowest[code]! + this.bits.read(codes.extraBits[code]!);
  }
}
