import * as zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decodeZstdFrames } from '../../../lib/common/zstd/zstd-frame.js';
import {
  NO_SEQUENCES,
  backwardBits,
  blockOf,
  compressedBlockOf,
  countOf,
  forwardBits,
  fourStreams,
  frameOf,
  huffmanLiterals,
  oneStream,
  rawLiterals,
  sameSequences,
  treeOf,
} from '../../support/zstd-frames.js';

const MAX_SIZE = 4 * 1024 * 1024;
const nativeDecompress = (zlib as { zstdDecompressSync?: (frame: Buffer) => Buffer }).zstdDecompressSync;

const letters = blockOf('raw', Buffer.from('abcdefgh'));
/** The symbols 0 and 1, with a bit each. */
const twoCodes = treeOf(1);
/** Offset_Value 5 is the offset 2. */
const OFFSET_2 = [2, '01'] as const;

/** A block with one sequence: literals, and a match of three bytes. */
function oneMatch(literals: string, offsetCode: number, offsetBits: string): Buffer {
  return compressedBlockOf(
    rawLiterals(literals),
    sameSequences(1, [literals.length, offsetCode, 0], offsetBits),
  );
}

/** Blocks of literals that are one byte, with the size in 5, 12 and 20 bits. */
const repeated = [
  Buffer.from([(20 << 3) | 1, 0x61]),
  Buffer.from([((20 << 4) | 5) & 0xff, (20 << 4) >> 8, 0x62]),
  Buffer.from([((100_000 << 4) | 13) & 0xff, ((100_000 << 4) >> 8) & 0xff, (100_000 << 4) >> 16, 0x63]),
].map((literals) => compressedBlockOf(literals, NO_SEQUENCES));

const valid: [string, Buffer, Buffer][] = [
  ['one match', frameOf(oneMatch('ab', ...OFFSET_2)), Buffer.from('ababa')],
  [
    'a match in the block before, the second offset from before the first match',
    frameOf(letters, oneMatch('', 1, '0')),
    Buffer.from('abcdefghabc'),
  ],
  [
    'more than 32512 sequences of one code',
    frameOf(
      letters,
      compressedBlockOf(rawLiterals(''), sameSequences(33_000, [0, 2, 0], '00'.repeat(33_000))),
    ),
    Buffer.from(`abcdefgh${'h'.repeat(99_000)}`),
  ],
  [
    'literals of one byte, with sizes of all lengths',
    frameOf(...repeated),
    Buffer.from(`${'a'.repeat(20)}${'b'.repeat(20)}${'c'.repeat(100_000)}`),
  ],
  [
    'four long streams, and again without their tree',
    frameOf(
      compressedBlockOf(
        huffmanLiterals('compressed', 20_000, Buffer.concat([twoCodes, fourStreams('01'.repeat(2500))])),
        NO_SEQUENCES,
      ),
      compressedBlockOf(huffmanLiterals('treeless', 20_000, fourStreams('1'.repeat(5000))), NO_SEQUENCES),
    ),
    Buffer.concat([Buffer.alloc(20_000, Buffer.from([0, 1])), Buffer.alloc(20_000, 1)]),
  ],
  [
    'a content size of eight bytes and the dictionary 0',
    Buffer.concat([
      Buffer.from('28b52ffde1000800000000000000', 'hex'),
      blockOf('raw', Buffer.from('abcdefgh'), { isLast: true }),
    ]),
    Buffer.from('abcdefgh'),
  ],
];

describe('decodeZstdFrames', () => {
  it.each(valid)('reads %s', (_what, frame, content) => {
    expect(decodeZstdFrames(frame, MAX_SIZE).equals(content)).toBe(true);
  });

  it.skipIf(nativeDecompress === undefined).each(valid)(
    'is of one mind with Node (which has zstd from 22.15 on): %s',
    (_what, frame, content) => {
      expect(nativeDecompress!(frame).equals(content)).toBe(true);
    },
  );

  it.each([
    ['a reserved bit in the header', Buffer.from('28b52ffd0858010000', 'hex'), 'unknown kind of zstd frame'],
    ['a dictionary', Buffer.from('28b52ffd015807010000', 'hex'), 'the dictionary 7'],
    ['less than its size', Buffer.from('28b52ffd2002010000', 'hex'), 'a zstd frame of 0 bytes, not 2'],
    [
      'more than its size',
      Buffer.concat([
        Buffer.from('28b52ffd2002', 'hex'),
        blockOf('raw', Buffer.from('ab')),
        blockOf('raw', Buffer.from('c'), { isLast: true }),
      ]),
      'a zstd frame of 3 bytes, not 2',
    ],
    [
      'a reserved kind of block',
      frameOf(blockOf('reserved', Buffer.from('a'))),
      'unknown kind of zstd block',
    ],
    ['a block that is cut off', frameOf(blockOf('raw', Buffer.from('a'), { size: 9 })), 'bytes of zstd data'],
    [
      'a skippable frame that is cut off',
      Buffer.from('502a4d1805000000aabbccdd', 'hex'),
      'bytes of zstd data',
    ],
    [
      'a block that is larger than blocks may be',
      frameOf(blockOf('rle', Buffer.from('a'), { size: 128 * 1024 + 1 })),
      'a zstd block of 131073 bytes',
    ],
    [
      'a block that is larger than the window',
      Buffer.concat([Buffer.from('28b52ffd0000', 'hex'), blockOf('rle', Buffer.from('a'), { size: 1025 })]),
      'a zstd block of 1025 bytes',
    ],
  ])('refuses a frame with %s', (_what, frame, message) => {
    expect(() => decodeZstdFrames(frame, MAX_SIZE)).toThrow(message);
  });

  it('refuses a size that is not allowed before it decodes', () => {
    const frame = Buffer.from('28b52ffda000000100', 'hex');
    expect(() => decodeZstdFrames(frame, 65_535)).toThrow('more than 65535 bytes');
    expect(() => decodeZstdFrames(frame, 65_536)).toThrow('bytes of zstd data');
  });
});

describe('decodeZstdFrames, literals', () => {
  it.each([
    [
      'more than a block has',
      huffmanLiterals('compressed', 131_073, twoCodes),
      '131073 bytes of zstd literals',
    ],
    ['more than there are', Buffer.from([9 << 3, 0x61]), 'bytes of zstd data'],
    ['no tree before', huffmanLiterals('treeless', 20, fourStreams('00000')), 'without a tree before'],
    [
      'too few for four streams',
      huffmanLiterals('compressed', 2, Buffer.concat([twoCodes, fourStreams('0')])),
      'too few zstd literals for four streams',
    ],
    ['a tree that is not complete', oneStream(1, treeOf(3, 1)), 'an incomplete zstd Huffman tree'],
    ['a tree that is too deep', oneStream(1, treeOf(12)), 'no or too many bits'],
    ['a tree of nothing', oneStream(1, treeOf(0, 0)), 'no or too many bits'],
    [
      'a stream that is too short',
      oneStream(5, Buffer.concat([twoCodes, backwardBits('0101')])),
      'a zstd bitstream is too short',
    ],
    [
      'a stream that is too long',
      oneStream(3, Buffer.concat([twoCodes, backwardBits('0101')])),
      'a zstd bitstream has 1 bits too many',
    ],
    [
      'a stream without its mark',
      oneStream(3, Buffer.concat([twoCodes, Buffer.from([1, 0])])),
      'without the mark of its end',
    ],
    ['a stream of nothing', oneStream(3, twoCodes), 'without the mark of its end'],
    [
      'weights that never end',
      // A table of 32 states, all of one symbol: no state takes bits.
      oneStream(
        3,
        Buffer.concat([Buffer.from([4]), forwardBits([0, 4], [31, 5], [1, 1]), Buffer.from([0, 4])]),
      ),
      'too many weights',
    ],
    [
      'weights by a table of too many bits',
      oneStream(3, Buffer.concat([Buffer.from([4]), forwardBits([2, 4]), Buffer.from([0, 0, 4])])),
      'a zstd table of 7 bits',
    ],
    [
      'weights by a table of too many symbols',
      // Zeros, thirteen times.
      oneStream(
        3,
        Buffer.concat([Buffer.from([9]), forwardBits([0, 4], [1, 5], ...threes(9)), Buffer.alloc(6, 4)]),
      ),
      'a zstd table of too many symbols',
    ],
  ])('refuses %s', (_what, literals, message) => {
    const frame = frameOf(compressedBlockOf(literals, NO_SEQUENCES));
    expect(() => decodeZstdFrames(frame, MAX_SIZE)).toThrow(message);
  });
});

describe('decodeZstdFrames, sequences', () => {
  const window = Buffer.from('28b52ffd0000', 'hex');
  const kilobytes = [
    blockOf('rle', Buffer.from('a'), { size: 1024 }),
    blockOf('rle', Buffer.from('b'), { size: 1024 }),
  ];

  it.each([
    ['a match from before the data', frameOf(oneMatch('a', ...OFFSET_2)), 'begins before the data'],
    [
      'a match from the frame before',
      Buffer.concat([frameOf(letters), frameOf(oneMatch('a', ...OFFSET_2))]),
      'begins before the data',
    ],
    [
      'a match from before the window',
      // Offset_Value 1028 is the offset 1025.
      Buffer.concat([window, ...kilobytes, oneMatch('', 10, '0000000100')]),
      'begins before the data',
    ],
    ['a match from nowhere', frameOf(letters, oneMatch('', 1, '1')), 'a match begins before the data'],
    [
      'an offset of too many bits',
      frameOf(letters, oneMatch('', 24, '0'.repeat(24))),
      'a zstd offset of 24 bits',
    ],
    [
      'more literals than there are',
      frameOf(compressedBlockOf(rawLiterals('a'), sameSequences(1, [2, 2, 0], '00'))),
      'more literals than there are',
    ],
    [
      'a match that is larger than a block',
      // Its code stands for 65539 and sixteen bits more.
      frameOf(
        letters,
        compressedBlockOf(rawLiterals(''), sameSequences(1, [0, 2, 52], `00${'1'.repeat(16)}`)),
      ),
      'a zstd block of too many bytes',
    ],
    [
      'literals that are too many behind the matches',
      // A match of 1000 bytes, which is 515 and 485.
      Buffer.concat([
        window,
        kilobytes[0]!,
        compressedBlockOf(rawLiterals('b'.repeat(25)), sameSequences(1, [0, 2, 45], '00111100101')),
      ]),
      'a zstd block of too many bytes',
    ],
    [
      'bits that are missing',
      frameOf(letters, compressedBlockOf(rawLiterals(''), sameSequences(2, [0, 2, 0], '000'))),
      'a zstd bitstream is too short',
    ],
    [
      'bits that are left',
      frameOf(letters, compressedBlockOf(rawLiterals(''), sameSequences(2, [0, 2, 0], '00000'))),
      'a zstd bitstream has 1 bits too many',
    ],
    [
      'an unknown symbol',
      frameOf(compressedBlockOf(rawLiterals(''), sameSequences(1, [36, 0, 0], ''))),
      'symbol 36',
    ],
    [
      'bytes behind none of them',
      frameOf(compressedBlockOf(rawLiterals('a'), NO_SEQUENCES, Buffer.from([0]))),
      '1 bytes behind the sequences',
    ],
    [
      'tables of no block before',
      frameOf(compressedBlockOf(rawLiterals(''), countOf(1), Buffer.from([0b11111100, 1]))),
      'there is none before',
    ],
    [
      'reserved bits in the modes',
      frameOf(compressedBlockOf(rawLiterals(''), countOf(1), Buffer.from([1, 1]))),
      'an unknown kind of zstd sequences',
    ],
    [
      'a table of too many bits',
      frameOf(compressedBlockOf(rawLiterals(''), countOf(1), Buffer.from([0b10000000, 5, 0, 0]))),
      'a zstd table of 10 bits',
    ],
    [
      'a table that is cut off',
      frameOf(compressedBlockOf(rawLiterals(''), countOf(1), Buffer.from([0b10000000, 0]))),
      'bytes of zstd data',
    ],
  ])('refuses %s', (_what, frame, message) => {
    expect(() => decodeZstdFrames(frame, MAX_SIZE)).toThrow(message);
  });
});

/** That three more zeros follow, each time. */
function threes(count: number): [number, number][] {
  return Array.from({ length: count }, () => [3, 2]);
}
