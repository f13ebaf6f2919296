import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BufferPool } from '../../lib/common/buffer-pool.js';

const KIB = 1024;

describe('BufferPool', () => {
  it('gives what was asked for, and to nobody what another one has', () => {
    const size = fc.oneof(
      fc.integer({ min: 0, max: 600 * KIB }),
      fc.constantFrom(8192, 8193, 16_384, 16_385),
    );
    const step = fc.record({ size, released: fc.nat(20) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const pool = new BufferPool();
        const held: { buffer: Buffer; mark: number }[] = [];
        steps.forEach(({ size: length, released }, mark) => {
          const buffer = pool.allocate(length).fill(mark);
          expect(buffer).toHaveLength(length);
          held.push({ buffer, mark });
          for (const taken of held.splice(released)) pool.release(taken.buffer);
          for (const other of held) expect(other.buffer.every((byte) => byte === other.mark)).toBe(true);
        });
      }),
      { numRuns: 30 },
    );
  });

  it('uses memory of one size again, and keeps 4 MiB of it', () => {
    const pool = new BufferPool();
    const lent = Array.from({ length: 20 }, (_, i) => pool.allocate(256 * KIB - i));
    const memory = new Set(lent.map(({ buffer }) => buffer));
    expect(memory.size).toBe(20);
    for (const buffer of lent) pool.release(buffer);
    const again = Array.from({ length: 20 }, () => pool.allocate(200 * KIB));
    expect(again.filter(({ buffer }) => memory.has(buffer))).toHaveLength(16);
  });

  it('does not take memory that others share', () => {
    const pool = new BufferPool();
    const small = pool.allocate(100);
    pool.release(small);
    expect(pool.allocate(16 * KIB).buffer).not.toBe(small.buffer);
  });
});
