import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { RemotingCodecError } from '../../../lib/errors/remoting-codec.error.js';
import { FrameCutter, MAX_FRAME_SIZE } from '../../../lib/remoting/codec/frame-cutter.js';

const anyFrames = fc.array(
  fc.uint8Array({ minLength: 4, maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
);

function stream(frames: readonly Buffer[]): Buffer {
  const length = (frame: Buffer) => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(frame.length);
    return bytes;
  };
  return Buffer.concat(frames.flatMap((frame) => [length(frame), frame]));
}

const viewOf = (buffer: Buffer, start: number, end: number): Buffer => buffer.subarray(start, end);

/** What a cutter makes of a stream that arrives in chunks of the given sizes, again and again. */
function cut(bytes: Buffer, sizes: readonly number[], onChunk = (_chunk: Buffer) => {}): Buffer[] {
  const frames: Buffer[] = [];
  const cutter = new FrameCutter((...frame) => frames.push(Buffer.from(viewOf(...frame))));
  for (let position = 0, i = 0; position < bytes.length; i++) {
    const size = sizes[i % sizes.length]!;
    const chunk = Buffer.from(bytes.subarray(position, position + size));
    cutter.push(chunk);
    onChunk(chunk);
    position += size;
  }
  return frames;
}

const lengthOf = (length: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(length);
  return bytes;
};

describe('FrameCutter', () => {
  it('finds the same frames however the stream is split', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 });
    fc.assert(
      fc.property(anyFrames, sizes, (frames, chunkSizes) => {
        expect(cut(stream(frames), chunkSizes)).toEqual(frames);
      }),
    );
  });

  it('keeps no chunk: its buffer may be used again', () => {
    fc.assert(
      fc.property(anyFrames, fc.integer({ min: 1, max: 50 }), (frames, size) => {
        expect(cut(stream(frames), [size], (chunk) => chunk.fill(0xee))).toEqual(frames);
      }),
    );
  });

  it('hands out views of a chunk that has whole frames', () => {
    const chunk = stream([Buffer.from('abcd'), Buffer.from('efgh')]);
    const frames: Buffer[] = [];
    new FrameCutter((...frame) => frames.push(viewOf(...frame))).push(chunk);
    expect(frames.map(String)).toEqual(['abcd', 'efgh']);
    expect(frames.every((frame) => frame.buffer === chunk.buffer)).toBe(true);
  });

  it.each([-1, -(2 ** 31), 0, 3, MAX_FRAME_SIZE - 3, 2 ** 31 - 1])(
    'refuses the length %i at once',
    (length) => {
      for (const size of [1, 3, 4]) expect(() => cut(lengthOf(length), [size])).toThrow(RemotingCodecError);
    },
  );

  it('takes a frame of the largest size, and not one byte more', () => {
    const frames: Buffer[] = [];
    const cutter = () => new FrameCutter((...frame) => frames.push(viewOf(...frame)), 24);
    cutter().push(stream([Buffer.alloc(20)]));
    expect(frames).toHaveLength(1);
    expect(() => cutter().push(stream([Buffer.alloc(21)]))).toThrow('A frame of 21 bytes: it has 4 to 20');
  });

  it('allocates for what has arrived, not for what is announced', () => {
    const allocate = vi.spyOn(Buffer, 'allocUnsafe');
    try {
      const cutter = new FrameCutter(() => {});
      cutter.push(lengthOf(MAX_FRAME_SIZE - 4));
      for (let i = 0; i < 100; i++) cutter.push(Buffer.alloc(10));
      expect(Math.max(...allocate.mock.calls.map(([size]) => size))).toBeLessThanOrEqual(2 * 1004);
    } finally {
      allocate.mockRestore();
    }
  });

  it('copies a large frame that comes in small pieces a few times only', () => {
    const allocate = vi.spyOn(Buffer, 'allocUnsafe');
    try {
      const frames: number[] = [];
      const cutter = new FrameCutter((_, start, end) => frames.push(end - start));
      cutter.push(lengthOf(8 * 1024 * 1024));
      const piece = Buffer.alloc(1024);
      for (let i = 0; i < 8 * 1024; i++) cutter.push(piece);
      expect(frames).toEqual([8 * 1024 * 1024]);
      const allocated = allocate.mock.calls.reduce((sum, [size]) => sum + size, 0);
      expect(allocated).toBeLessThan(3 * 8 * 1024 * 1024);
    } finally {
      allocate.mockRestore();
    }
  });
});
