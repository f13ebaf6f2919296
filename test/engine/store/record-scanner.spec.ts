import { describe, expect, it } from 'vitest';
import { RecordScanner } from '../../../lib/engine/store/record-scanner.js';
import type { SegmentFile } from '../../../lib/engine/store/segment-file.js';

const MIB = 1024 * 1024;
const SIZE = 64 * MIB;

/** A file of zeros, but for one byte; notes how much of it is read. */
function blankFile(allocatedSize: number, writtenByte = -1) {
  let bytesRead = 0;
  const segment = {
    startOffset: 0,
    endOffset: SIZE,
    allocatedSize,
    read(buffer: Buffer, bufferOffset: number, length: number, offset: number) {
      bytesRead += length;
      buffer.fill(0, bufferOffset, bufferOffset + length);
      if (writtenByte >= offset && writtenByte < offset + length) buffer[writtenByte - offset] = 1;
      return length;
    },
  } as unknown as SegmentFile;
  return { scanner: new RecordScanner(segment, () => {}), read: () => bytesRead };
}

describe('RecordScanner', () => {
  it.each([
    ['a file that was never written', 0, 0],
    ['what lies behind the content of a file', 10 * MIB, 10 * MIB],
    ['the zeros that were filled in ahead', 10 * MIB, 11.5 * MIB],
  ])('does not read %s', (_, offset, allocated) => {
    const { scanner, read } = blankFile(allocated);
    expect(scanner.findNext(offset)).toBeUndefined();
    expect(scanner.endOfContent(offset)).toBe(offset);
    expect(read()).toBeLessThanOrEqual(4 * MIB);
  });

  it.each([
    ['takes up more space than what lies before', 20 * MIB, -1],
    ['takes up less, as on a file system that compresses', MIB, -1],
    ['has something close behind', 10 * MIB, 11 * MIB],
  ])('reads a file to its end that %s', (_, allocated, writtenByte) => {
    const { scanner, read } = blankFile(allocated, writtenByte);
    expect(scanner.findNext(10 * MIB)).toBeUndefined();
    expect(read()).toBeGreaterThanOrEqual(SIZE - 10 * MIB);
  });

  it('finds the end of what was written', () => {
    const { scanner } = blankFile(20 * MIB, 12 * MIB + 5);
    const end = scanner.endOfContent(10 * MIB);
    expect(end).toBeGreaterThan(12 * MIB + 5);
    expect(end).toBeLessThanOrEqual(16 * MIB + 5);
  });
});
