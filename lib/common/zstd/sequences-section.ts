import { BackwardBitReader } from './backward-bit-reader.js';
import type { ByteReader } from './byte-reader.js';
import type { FrameContent } from './frame-content.js';
import { RepeatOffsets } from './repeat-offsets.js';
import { SequenceDecoder } from './sequence-decoder.js';
import { readSequenceTables } from './sequence-tables.js';
import type { SequenceTables } from './sequence-tables.js';

/** Reads the sequences of a frame's blocks and executes them (RFC 8878, 3.1.1.3.2 and 3.1.1.4). */
export class SequencesReader {
  private tables?: SequenceTables;
  private readonly repeatOffsets = new RepeatOffsets();

  constructor(private readonly content: FrameContent) {}

  /** Literals that no sequence takes come last. */
  execute(block: ByteReader, literals: Buffer): void {
    const count = readCount(block);
    const taken = count === 0 ? 0 : this.executeAll(count, block, literals);
    if (block.left > 0) throw new Error(`${block.left} bytes behind the sequences of a zstd block`);
    this.content.append(literals, taken);
  }

  /** Returns how many literals they took. */
  private executeAll(count: number, block: ByteReader, literals: Buffer): number {
    this.tables = readSequenceTables(block, this.tables);
    const bits = new BackwardBitReader(block.takeRest());
    const sequence = new SequenceDecoder(this.tables, bits);
    let taken = 0;
    for (let i = 0; i < count; i++) {
      if (i > 0) sequence.advance();
      sequence.decode();
      taken = this.executeOne(sequence, literals, taken);
    }
    bits.expectEnd();
    return taken;
  }

  private executeOne(sequence: SequenceDecoder, literals: Buffer, taken: number): number {
    const { literalsLength, matchLength, offsetValue } = sequence;
    const end = taken + literalsLength;
    if (end > literals.length) throw new Error('a zstd sequence takes more literals than there are');
    this.content.append(literals, taken, end);
    this.content.repeat(this.repeatOffsets.resolve(offsetValue, literalsLength), matchLength);
    return end;
  }
}

/** Number_of_Sequences */
function readCount(block: ByteReader): number {
  const first = block.readUInt(1);
  if (first < 128) return first;
  if (first < 255) return ((first - 128) << 8) + block.readUInt(1);
  return block.readUInt(2) + 0x7f00;
}
