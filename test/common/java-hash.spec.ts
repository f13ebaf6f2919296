import { describe, expect, it } from 'vitest';
import { javaHashCode } from '../../lib/common/java-hash.js';
import { loadVectors } from '../support/apache-vectors.js';

const { stringHashCode } = loadVectors<{ stringHashCode: { text: string; hashCode: number }[] }>('java.json');

describe('javaHashCode', () => {
  it.each(stringHashCode)('hashes $text as Java does', ({ text, hashCode }) => {
    expect(javaHashCode(text)).toBe(hashCode);
  });

  it('continues an earlier hash', () => {
    expect(javaHashCode('A#k1', javaHashCode('Topic'))).toBe(javaHashCode('TopicA#k1'));
  });
});
