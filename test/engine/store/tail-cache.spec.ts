import { describe, expect, it } from 'vitest';
import { TailCache } from '../../../lib/engine/store/tail-cache.js';

const CHUNK = 1024;

describe('the newest bytes of the log', () => {
  it('stay in memory until they are written, and then no more of them than there should be', () => {
    const tail = new TailCache(4 * CHUNK, 1, false);
    const fill = (from: number, to: number, written: number) => {
      for (let start = from; start < to; start += CHUNK) {
        tail.startChunk(start, written);
        tail.advance(CHUNK);
      }
    };
    fill(0, 12 * CHUNK, 0);
    expect(tail.holds(0)).toBe(true);
    fill(12 * CHUNK, 13 * CHUNK, 12 * CHUNK);
    expect(tail.holds(9 * CHUNK)).toBe(true);
    expect(tail.holds(9 * CHUNK - 1)).toBe(false);
  });
});
