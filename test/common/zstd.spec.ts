import * as zlib from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { decodeZstd } from '../../lib/common/zstd.js';
import { decodeZstdFrames } from '../../lib/common/zstd/zstd-frame.js';
import { SequenceDecoder } from '../../lib/common/zstd/sequence-decoder.js';
import { zstdVectors } from '../support/zstd-vectors.js';

const MAX_SIZE = 4 * 1024 * 1024;
/** A sequence makes three bytes at least. */
const MIN_MATCH = 3;

interface NativeZstd {
  readonly zstdCompressSync?: (body: Uint8Array, options: { params: Record<number, number> }) => Buffer;
}
const nativeCompress = (zlib as NativeZstd).zstdCompressSync;
const COMPRESSION_LEVEL = 100;
const CHECKSUM = 201;

const oneFrame = zstdVectors.filter(({ name }) => !name.includes('frames'));
const severalFrames = zstdVectors.filter(({ name }) => name.includes('frames'));
/** Of every kind of literals and tables, and not so large that thousands of them take long. */
const damageable = oneFrame.filter(({ body, frames }) => body.length <= 50_000 && frames.length > 1000);

function decoded(input: Buffer, maxSize: number): Buffer | string {
  try {
    return decodeZstdFrames(input, maxSize);
  } catch (error) {
    return (error as Error).message;
  }
}

/** At all lengths of small frames, at some hundreds of large ones. */
function cutsOf(frames: Buffer): Buffer[] {
  const step = frames.length <= 2500 ? 1 : Math.ceil(frames.length / 250);
  const cuts: Buffer[] = [];
  for (let length = 0; length < frames.length; length += step) cuts.push(frames.subarray(0, length));
  return cuts;
}

describe('decodeZstd', () => {
  it.each(zstdVectors)('reads what zstd-jni compressed: $name', ({ frames, body }) => {
    expect(decodeZstd(frames, MAX_SIZE).equals(body)).toBe(true);
    expect(decodeZstdFrames(frames, MAX_SIZE).equals(body)).toBe(true);
  });

  it.each(zstdVectors)('gives not one byte more than is allowed: $name', ({ frames, body }) => {
    for (const decode of [decodeZstd, decodeZstdFrames]) {
      expect(decode(frames, Math.max(1, body.length)).length).toBe(body.length);
      if (body.length > 1) expect(() => decode(frames, body.length - 1)).toThrow(/larger than|more than/);
    }
  });

  it.each(oneFrame)('refuses a frame that was cut off: $name', ({ frames }) => {
    for (const cut of cutsOf(frames)) {
      expect(() => decodeZstdFrames(cut, MAX_SIZE), `${cut.length} bytes`).toThrow();
      expect(() => decodeZstd(cut, MAX_SIZE), `${cut.length} bytes`).toThrow();
    }
  });

  it.each(severalFrames)('gives whole frames or an error of several that were cut off: $name', (vector) => {
    for (const cut of cutsOf(vector.frames)) {
      const read = decoded(cut, MAX_SIZE);
      if (typeof read !== 'string') expect([0, 2500, 6000]).toContain(read.length);
    }
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['what is no frame', Buffer.from('this is nothing')],
    ['more behind a frame', Buffer.concat([oneFrame[0]!.frames, Buffer.from('this is nothing')])],
  ])('refuses %s', (_what, input) => {
    expect(() => decodeZstd(input, MAX_SIZE)).toThrow();
    expect(() => decodeZstdFrames(input, MAX_SIZE)).toThrow();
  });
});

describe('decodeZstdFrames, damage', () => {
  /** A decoder without bounds took half a minute for the first of them, and many seconds for the others. */
  it.each([
    '28b52ffd00588401003d027b22b672646572223a34373131882274657874223a224772c3bcc39f6520e4bda0e5a5bd227d2c01007772d5ab27010000',
    '28b52ffd0058840100ed027b22e872646572223a343731312c2274657874223a224772c3bcc39f6520e4bda0e5a5bd227d2c01007772d5ab27010000',
    '28b52ffd00588401009d027b22e472646572223a343731312c2274657874223a224772c3bcc38d6520e4bda0e5a5bd227d2c0100777237ab27010000',
    '28b52ffd00588401005d027b22ac72646572223a343731312c227465787422f8224772c3bcc39f6520e4bda0e5a5bd227d2c01007772d5ab2701000f',
    '28b52ffd00588401008d027b22f272646572223a343731312c2274657874223a224772c3bcc39f6520e4bda0e5a5bd227d2c01007772d5ab27010000',
  ])('ends at once: %s', (hex) => {
    const sequences = countedSequences();
    const read = decoded(Buffer.from(hex, 'hex'), 100_000);
    expect(typeof read === 'string' || read.length <= 100_000).toBe(true);
    expect(sequences.count).toBeLessThanOrEqual(100_000 / MIN_MATCH);
  });

  it.each(damageable)('ends with bytes or an error, and works no more than for those: $name', (vector) => {
    const { frames, body } = vector;
    const maxSize = body.length + 1000;
    const sequences = countedSequences();
    const change = fc.tuple(fc.nat(frames.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const damaged = Buffer.from(frames);
        for (const [at, byte] of changes) damaged[at] = byte;
        sequences.count = 0;
        const read = decoded(damaged, maxSize);
        return (typeof read === 'string' || read.length <= maxSize) && sequences.count <= maxSize / MIN_MATCH;
      }),
      { numRuns: 3000 },
    );
  });

  it('ends with bytes or an error for anything behind a header', () => {
    const header = Buffer.from('28b52ffd0058', 'hex');
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.boolean(), (bytes, isCompressed) => {
        // A last block that takes all of them.
        const block = Buffer.from([(bytes.length << 3) | 5, bytes.length >> 5, 0]);
        const read = decoded(Buffer.concat([header, ...(isCompressed ? [block] : []), bytes]), 100_000);
        return typeof read === 'string' || read.length <= 100_000;
      }),
      { numRuns: 5000 },
    );
  });
});

describe('decodeZstd, with zstd of Node', () => {
  const word = fc.string({ minLength: 1, maxLength: 12 });
  const text = fc
    .tuple(fc.array(word, { minLength: 1, maxLength: 30 }), fc.array(fc.nat(), { maxLength: 3000 }))
    .map(([words, choices]) => Buffer.from(choices.map((choice) => words[choice % words.length]!).join(' ')));
  const body = fc.oneof(
    text,
    fc.uint8Array({ maxLength: 3000 }),
    fc.uint8Array({ maxLength: 3000, max: 6 }),
    fc.nat(500_000).map((size) => Buffer.alloc(size, 7)),
  );

  it.skipIf(nativeCompress === undefined)(
    'reads what Node compresses (Node has zstd from 22.15 on)',
    () => {
      fc.assert(
        fc.property(body, fc.integer({ min: -7, max: 19 }), fc.boolean(), (original, level, hasChecksum) => {
          const params = { [COMPRESSION_LEVEL]: level, [CHECKSUM]: hasChecksum ? 1 : 0 };
          const frame = nativeCompress!(original, { params });
          expect(decodeZstdFrames(frame, MAX_SIZE).equals(original)).toBe(true);
          expect(decodeZstd(frame, MAX_SIZE).equals(original)).toBe(true);
        }),
        { numRuns: 500 },
      );
    },
    60_000,
  );
});

/** A spy that keeps every call would take longer than the decoder. */
function countedSequences(): { count: number } {
  const sequences = { count: 0 };
  const { value } = Object.getOwnPropertyDescriptor(SequenceDecoder.prototype, 'decode')!;
  const decode = value as (this: SequenceDecoder) => void;
  Object.defineProperty(SequenceDecoder.prototype, 'decode', {
    configurable: true,
    writable: true,
    value(this: SequenceDecoder) {
      sequences.count++;
      decode.call(this);
    },
  });
  onTestFinished(() => {
    Object.defineProperty(SequenceDecoder.prototype, 'decode', {
      configurable: true,
      writable: true,
      value: decode,
    });
  });
  return sequences;
}
