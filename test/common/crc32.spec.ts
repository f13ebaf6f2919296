import { describe, expect, it } from 'vitest';
import { crc32 } from '../../lib/common/crc32.js';
import { loadVectors } from '../support/apache-vectors.js';

const vectors = loadVectors<{ crc32: { bodyHex: string; crc32: number }[] }>('java.json');

describe('crc32', () => {
  it.each(vectors.crc32)('of $bodyHex lacks the top bit, as in Java', ({ bodyHex, crc32: expected }) => {
    expect(crc32(Buffer.from(bodyHex, 'hex'))).toBe(expected);
  });
});
