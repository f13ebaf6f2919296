import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decompressBody } from '../../lib/common/compression.js';
import { decodeLz4Frames } from '../../lib/common/lz4-frame.js';
import { decodeZstd } from '../../lib/common/zstd.js';
import { decodeZstdFrames } from '../../lib/common/zstd/zstd-frame.js';
import { RocketMQError } from '../../lib/errors/index.js';

interface Vectors {
  readonly bodies: Readonly<Record<string, string>>;
  readonly [type: string]: unknown;
}
interface Compressed {
  readonly compressionFlag: number;
  readonly compressed: Readonly<Record<string, string>>;
}

const vectors = JSON.parse(
  readFileSync(new URL('../vectors/compression.json', import.meta.url), 'utf8'),
) as Vectors;
const types = ['LZ4', 'ZSTD', 'ZLIB'];
const MAX_SIZE = 4 * 1024 * 1024;

function compressed(type: string, name: string): { body: Buffer; sysFlag: number } {
  const { compressionFlag, compressed: bodies } = vectors[type] as Compressed;
  return { body: Buffer.from(bodies[name]!, 'hex'), sysFlag: compressionFlag };
}

function original(name: string): Buffer {
  return name === 'zeros' ? Buffer.alloc(300_000) : Buffer.from(vectors.bodies[name]!, 'hex');
}

function decompressed(body: Buffer, sysFlag: number, maxSize: number): Buffer | string {
  try {
    return decompressBody(body, sysFlag, maxSize);
  } catch (error) {
    return (error as RocketMQError).code;
  }
}

/** An LZ4 frame around blocks, as lz4-java writes it. */
function lz4Frame(...blocks: Buffer[]): Buffer {
  const sized = blocks.flatMap((block) => {
    const size = Buffer.alloc(4);
    size.writeUInt32LE(block.length);
    return [size, block];
  });
  return Buffer.concat([Buffer.from('04224d18607073', 'hex'), ...sized, Buffer.alloc(4)]);
}

describe.each(types)('decompressBody, %s', (type) => {
  it.each(Object.keys(vectors.bodies))('reads what Apache compressed: %s', (name) => {
    const { body, sysFlag } = compressed(type, name);
    expect(decompressBody(body, sysFlag, MAX_SIZE).equals(original(name))).toBe(true);
  });

  it('takes what has exactly the size that is allowed, and refuses one byte more', () => {
    const { body, sysFlag } = compressed(type, 'zeros');
    expect(decompressed(body, sysFlag, 300_000)).toEqual(Buffer.alloc(300_000));
    expect(decompressed(body, sysFlag, 299_999)).toBe('DECOMPRESSION');
  });

  it('refuses a body that was cut off, wherever', () => {
    const { body, sysFlag } = compressed(type, 'text');
    // Behind the data LZ4 and zstd have no more than the mark of the end.
    for (let length = 0; length < body.length - 4; length++) {
      const read = decompressed(body.subarray(0, length), sysFlag, MAX_SIZE);
      expect(read.length).toBeLessThan(original('text').length);
    }
  });

  it('ends with bytes or an error for whatever damage', () => {
    const { body, sysFlag } = compressed(type, 'text');
    const change = fc.tuple(fc.nat(body.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const damaged = Buffer.from(body);
        for (const [at, byte] of changes) damaged[at] = byte;
        const read = decompressed(damaged, sysFlag, 100_000);
        expect(read === 'DECOMPRESSION' || read.length <= 100_000).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('decompressBody', () => {
  it('names a type that it does not know, and those it does', () => {
    expect(() => decompressBody(Buffer.from('x'), 0x501, MAX_SIZE)).toThrow(
      /unknown type 5; known are 1 \(LZ4/,
    );
  });

  it.each(types)('says how a damaged body was compressed: %s', (type) => {
    const { sysFlag } = compressed(type, 'text');
    expect(() => decompressBody(Buffer.from('this is nothing'), sysFlag, MAX_SIZE)).toThrow(`with ${type},`);
  });
});

describe('decodeLz4Frames', () => {
  it('repeats matches that overlap themselves', () => {
    // Three literals, then a match of 10 bytes from 3 before, then the last literal.
    const block = Buffer.from([0x36, 0x61, 0x62, 0x63, 3, 0, 0x10, 0x21]);
    expect(decodeLz4Frames(lz4Frame(block), MAX_SIZE).toString()).toBe('abcabcabcabca!');
  });

  it('reads blocks that refer to those before them, and frames one behind the other', () => {
    const first = Buffer.from([0x30, 0x61, 0x62, 0x63]);
    const second = Buffer.from([0x00, 3, 0, 0x10, 0x21]);
    const skipped = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9]);
    const frames = Buffer.concat([lz4Frame(first, second), skipped, lz4Frame(first)]);
    expect(decodeLz4Frames(frames, MAX_SIZE).toString()).toBe('abcabca!abc');
  });

  it.each([
    ['a match from before the data', lz4Frame(Buffer.from([0x10, 0x61, 2, 0, 0]))],
    ['a match from nowhere', lz4Frame(Buffer.from([0x10, 0x61, 0, 0, 0]))],
    ['more literals than there are', lz4Frame(Buffer.from([0x50, 0x61]))],
    ['a dictionary', Buffer.from('04224d18617073000000000000000000', 'hex')],
  ])('refuses %s', (_what, frame) => {
    expect(() => decodeLz4Frames(frame, MAX_SIZE)).toThrow();
  });

  it('takes no memory for a bomb', () => {
    // 60 KiB that stand for 15 MiB of one letter.
    const block = Buffer.concat([
      Buffer.from([0x1f, 0x61, 1, 0]),
      Buffer.alloc(60_000, 255),
      Buffer.from([0]),
    ]);
    expect(() => decodeLz4Frames(lz4Frame(block), MAX_SIZE)).toThrow(`more than ${MAX_SIZE} bytes`);
  });
});

describe('decodeZstd', () => {
  it.each(Object.keys(vectors.bodies))('gives the same with and without the help of Node: %s', (name) => {
    const { body } = compressed('ZSTD', name);
    expect(decodeZstdFrames(body, MAX_SIZE).equals(original(name))).toBe(true);
    expect(decodeZstd(body, MAX_SIZE).equals(original(name))).toBe(true);
  });

  it('stops a bomb before its memory is taken', () => {
    // 4096 blocks of 128 KiB of zeros: half a gibibyte.
    const block = Buffer.from([0x02, 0x00, 0x10, 0x00]);
    const bomb = Buffer.concat([
      Buffer.from('28b52ffd0058', 'hex'),
      ...Array.from({ length: 4096 }, () => block),
    ]);
    expect(() => decodeZstdFrames(bomb, MAX_SIZE)).toThrow(`more than ${MAX_SIZE} bytes`);
  });

  it.each([
    ['a window of two gibibytes', '28b52ffd00a8'],
    ['two gibibytes in one segment', '28b52ffda000000080'],
    ['more than can be counted in one segment', '28b52ffde0ffffffffffffffff'],
  ])('refuses %s', (_what, header) => {
    const frame = Buffer.concat([Buffer.from(header, 'hex'), Buffer.from([1, 0, 0])]);
    expect(() => decodeZstdFrames(frame, MAX_SIZE)).toThrow(/a zstd window of \d+ bytes/);
  });
});
