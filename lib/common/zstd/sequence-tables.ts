import type { ByteReader } from './byte-reader.js';
import { readFseDistribution } from './fse-distribution.js';
import { FseTable } from './fse-table.js';
import { LITERALS_LENGTHS, MATCH_LENGTHS, OFFSETS } from './sequence-codes.js';
import type { SequencePart } from './sequence-codes.js';

/** Symbol_Compression_Modes; the fourth repeats the table of the block before. */
const PREDEFINED = 0;
const RLE = 1;
const FSE_COMPRESSED = 2;

export interface SequenceTables {
  readonly literalsLengths: FseTable;
  readonly offsets: FseTable;
  readonly matchLengths: FseTable;
}

/** Reads the modes of a block and the tables that they announce (RFC 8878, 3.1.1.3.2.1). `before` are those of the frame's last block with sequences. */
export function readSequenceTables(block: ByteReader, before?: SequenceTables): SequenceTables {
  const modes = block.readUInt(1);
  if ((modes & 3) !== 0) throw new Error('an unknown kind of zstd sequences');
  // In the order in which they stand there.
  const literalsLengths = readTable(block, modes >>> 6, LITERALS_LENGTHS, before?.literalsLengths);
  const offsets = readTable(block, (modes >>> 4) & 3, OFFSETS, before?.offsets);
  const matchLengths = readTable(block, (modes >>> 2) & 3, MATCH_LENGTHS, before?.matchLengths);
  return { literalsLengths, offsets, matchLengths };
}

function readTable(block: ByteReader, mode: number, part: SequencePart, before?: FseTable): FseTable {
  if (mode === PREDEFINED) return part.predefined;
  if (mode === RLE) return readSymbol(block, part.maxSymbol);
  if (mode === FSE_COMPRESSED) return FseTable.ofDistribution(readFseDistribution(block, part));
  if (before === undefined) throw new Error('a zstd block repeats a table, and there is none before');
  return before;
}

function readSymbol(block: ByteReader, maxSymbol: number): FseTable {
  const symbol = block.readUInt(1);
  if (symbol > maxSymbol) throw new Error(`an unknown symbol ${symbol} of zstd sequences`);
  return FseTable.ofSymbol(symbol);
}
