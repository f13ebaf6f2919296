import { ByteReader } from './byte-reader.js';
import { HuffmanTable } from './huffman-table.js';
import { readHuffmanWeights } from './huffman-weights.js';

/** Literals_Block_Type */
const RAW = 0;
const RLE = 1;
const COMPRESSED = 2;

const JUMP_TABLE_SIZES = 3;

/** Reads the literals of blocks (RFC 8878, 3.1.1.3.1); treeless ones use the tree of a block before in the same frame. */
export class LiteralsReader {
  private table?: HuffmanTable;

  constructor(private readonly maxSize: number) {}

  read(block: ByteReader): Buffer {
    const first = block.peekByte();
    const type = first & 3;
    const sizeFormat = (first >>> 2) & 3;
    if (type === RAW) return block.take(this.readSize(block, sizeFormat));
    if (type === RLE) return Buffer.alloc(this.readSize(block, sizeFormat), block.readUInt(1));
    return this.readCompressed(block, sizeFormat, type === COMPRESSED);
  }

  /** Regenerated_Size of raw and RLE literals, of 5, 12 or 20 bits. */
  private readSize(block: ByteReader, sizeFormat: number): number {
    if ((sizeFormat & 1) === 0) return this.checked(block.readUInt(1) >>> 3);
    return this.checked(block.readUInt(sizeFormat === 1 ? 2 : 3) >>> 4);
  }

  private readCompressed(block: ByteReader, sizeFormat: number, hasTree: boolean): Buffer {
    const sizeBits = [10, 10, 14, 18][sizeFormat]!;
    // Up to five bytes, which bit operations cannot take.
    const header = block.readUInt((4 + 2 * sizeBits) / 8);
    const size = this.checked(Math.floor(header / 2 ** 4) % 2 ** sizeBits);
    const streams = new ByteReader(block.take(Math.floor(header / 2 ** (4 + sizeBits))));
    if (hasTree) this.table = new HuffmanTable(readHuffmanWeights(streams));
    if (this.table === undefined) throw new Error('treeless zstd literals without a tree before');
    const literals = Buffer.allocUnsafe(size);
    if (sizeFormat === 0) this.table.decode(streams.takeRest(), literals);
    else decodeFourStreams(this.table, streams, literals);
    return literals;
  }

  private checked(size: number): number {
    if (size > this.maxSize) throw new Error(`${size} bytes of zstd literals, more than a block has`);
    return size;
  }
}

/** The sizes of the first three streams stand before them, and each decodes to a quarter, rounded up. */
function decodeFourStreams(table: HuffmanTable, streams: ByteReader, literals: Buffer): void {
  const sizes = Array.from({ length: JUMP_TABLE_SIZES }, () => streams.readUInt(2));
  const quarter = (literals.length + 3) >>> 2;
  if (literals.length < JUMP_TABLE_SIZES * quarter) throw new Error('too few zstd literals for four streams');
  sizes.forEach((size, i) => {
    table.decode(streams.take(size), literals.subarray(i * quarter, (i + 1) * quarter));
  });
  table.decode(streams.takeRest(), literals.subarray(JUMP_TABLE_SIZES * quarter));
}
