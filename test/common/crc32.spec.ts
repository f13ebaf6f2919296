import { readFileSync } from 'node:fs';
import { crc32 as zlibCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import loadWabt from 'wabt';
import { CRC32_MODULE } from '../../lib/common/crc32-module.js';
import { crc32, fullCrc32 } from '../../lib/common/crc32.js';
import { loadVectors } from '../support/apache-vectors.js';

const vectors = loadVectors<{ crc32: { bodyHex: string; crc32: number }[] }>('java.json');

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

const refusing = class {
  constructor() {
    throw new RangeError('Out of memory: Cannot allocate Wasm memory for new instance');
  }
};

describe('crc32', () => {
  it.each(vectors.crc32)('of $bodyHex lacks the top bit, as in Java', ({ bodyHex, crc32: expected }) => {
    expect(crc32(Buffer.from(bodyHex, 'hex'))).toBe(expected);
  });

  it('is that of zlib, of any length, whatever came before', () => {
    const length = fc.oneof(fc.nat(2_000), fc.constantFrom(16_383, 16_384, 16_385, 32_768, 40_000));
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 97 }),
        length,
        fc.nat(15),
        (pattern, size, start) => {
          const bytes = Buffer.alloc(start + size, pattern).subarray(start);
          expect(fullCrc32(bytes) >>> 0).toBe(zlibCrc32(bytes));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['there is no WebAssembly', undefined],
    ['there is no room for its memory', { Module: class {}, Instance: refusing }],
  ])('is left to zlib where %s', async (_, webAssembly) => {
    vi.stubGlobal('WebAssembly', webAssembly);
    vi.resetModules();
    const again = await import('../../lib/common/crc32.js');
    expect(again.fullCrc32).not.toBe(fullCrc32);
    expect(again.fullCrc32(Buffer.alloc(1024, 'a'))).toBe(zlibCrc32(Buffer.alloc(1024, 'a')) | 0);
  });

  it('is run by what crc32.wat is compiled to', async () => {
    const source = readFileSync(new URL('../../lib/common/crc32.wat', import.meta.url), 'utf8');
    const compiled = (await loadWabt()).parseWat('crc32.wat', source, { simd: true }).toBinary({}).buffer;
    expect(CRC32_MODULE).toBe(Buffer.from(compiled).toString('base64'));
  });
});
