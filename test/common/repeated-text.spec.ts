import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { repeatedText } from '../../lib/common/repeated-text.js';

const read = (bytes: Buffer) => repeatedText(Buffer.concat([Buffer.from('<'), bytes]), 1, bytes.length + 1);

describe('repeatedText', () => {
  it('reads what the bytes say, whatever was read before', () => {
    const text = fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: 'binary', maxLength: 12 }));
    fc.assert(
      fc.property(fc.array(text, { maxLength: 60 }), (texts) => {
        for (const each of [...texts, ...texts])
          expect(read(Buffer.from(each))).toBe(Buffer.from(each).toString());
      }),
    );
  });

  it('takes bytes for no text with units of the same numbers', () => {
    expect(read(Buffer.from('Ã©'))).toBe('Ã©');
    expect(read(Buffer.from('é'))).toBe('é');
    expect(read(Buffer.from([0xc3, 0xa9]))).toBe('é');
    expect(read(Buffer.from([0xff]))).toBe('\ufffd');
  });
});
