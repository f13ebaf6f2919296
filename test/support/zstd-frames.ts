/** Frames made by hand, for what encoders do not write. Bits are given as text, in the order in which they are read. */

/** A frame with a window of 2 MiB and no size. */
export function frameOf(...blocks: Buffer[]): Buffer {
  return Buffer.concat([
    Buffer.from('28b52ffd0058', 'hex'),
    ...blocks,
    blockOf('raw', Buffer.alloc(0), { isLast: true }),
  ]);
}

export function blockOf(
  type: 'raw' | 'rle' | 'compressed' | 'reserved',
  content: Buffer,
  { size = content.length, isLast = false } = {},
): Buffer {
  const header = Buffer.alloc(3);
  const typeBits = ['raw', 'rle', 'compressed', 'reserved'].indexOf(type);
  header.writeUIntLE((size << 3) | (typeBits << 1) | Number(isLast), 0, 3);
  return Buffer.concat([header, content]);
}

export function compressedBlockOf(...sections: Buffer[]): Buffer {
  return blockOf('compressed', Buffer.concat(sections));
}

/** Raw literals, of which there may be up to 31. */
export function rawLiterals(text: string): Buffer {
  return Buffer.concat([Buffer.from([text.length << 3]), Buffer.from(text)]);
}

export const NO_SEQUENCES = Buffer.from([0]);

/** Literals that are Huffman codes, with sizes of 18 bits. */
export function huffmanLiterals(type: 'compressed' | 'treeless', size: number, content: Buffer): Buffer {
  const header = Buffer.alloc(5);
  const typeBits = (type === 'compressed' ? 2 : 3) | (3 << 2);
  header.writeUIntLE(typeBits + size * 2 ** 4 + content.length * 2 ** 22, 0, 5);
  return Buffer.concat([header, content]);
}

/** Four streams of the same bits. */
export function fourStreams(bits: string): Buffer {
  const stream = backwardBits(bits);
  const sizes = Buffer.alloc(6);
  for (let i = 0; i < 3; i++) sizes.writeUInt16LE(stream.length, i * 2);
  return Buffer.concat([sizes, stream, stream, stream, stream]);
}

/** One of up to 1023 literals, in one stream. */
export function oneStream(size: number, content: Buffer): Buffer {
  const header = Buffer.alloc(3);
  header.writeUIntLE(2 + size * 2 ** 4 + content.length * 2 ** 14, 0, 3);
  return Buffer.concat([header, content]);
}

/** A tree with its weights as they are. */
export function treeOf(...weights: number[]): Buffer {
  const nibbles = weights.length % 2 === 0 ? weights : [...weights, 0];
  const hex = nibbles.map((weight) => weight.toString(16)).join('');
  return Buffer.concat([Buffer.from([127 + weights.length]), Buffer.from(hex, 'hex')]);
}

/** Sequences of which all have the same codes, by tables of one symbol; `bits` are those that the codes want. */
export function sameSequences(count: number, codes: readonly [number, number, number], bits: string): Buffer {
  return Buffer.concat([countOf(count), Buffer.from([0b01010100, ...codes]), backwardBits(bits)]);
}

export function countOf(count: number): Buffer {
  if (count < 128) return Buffer.from([count]);
  if (count < 0x7f00) return Buffer.from([128 + (count >> 8), count & 0xff]);
  return Buffer.from([255, (count - 0x7f00) & 0xff, (count - 0x7f00) >> 8]);
}

/** The mark of the end stands before what is read first, the zeros that fill a byte before the mark. */
export function backwardBits(bits: string): Buffer {
  const marked = `1${bits}`;
  const filled = marked.padStart(Math.ceil(marked.length / 8) * 8, '0');
  return Buffer.from(filled.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2))).reverse();
}

/** What is read first stands in the lowest bits; numbers as `[value, bits]`. */
export function forwardBits(...numbers: readonly (readonly [number, number])[]): Buffer {
  const bits = numbers
    .map(([value, count]) => value.toString(2).padStart(count, '0'))
    .toReversed()
    .join('');
  const filled = bits.padStart(Math.ceil(bits.length / 8) * 8, '0');
  return Buffer.from(filled.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2))).reverse();
}
