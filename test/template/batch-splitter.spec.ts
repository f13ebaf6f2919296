import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Message } from '../../lib/common/message.js';
import { encodeMessageBatch } from '../../lib/remoting/codec/message-batch-codec.js';
import { splitBatch } from '../../lib/template/batch-splitter.js';

const MAX = 1000;

function message(size: number, text = ''): Message {
  const made = new Message('t', Buffer.alloc(size));
  if (text !== '') made.putUserProperty('text', text);
  return made;
}

/** As the producer sends it. */
function encoded(batch: readonly Message[]): number {
  for (const each of batch) each.putProperty('UNIQ_KEY', '0'.repeat(32));
  return encodeMessageBatch(batch).length;
}

describe('splitBatch', () => {
  it('keeps all messages in their order, and batches within the limit', () => {
    const text = fc.string({ unit: fc.constantFrom('x', 'ü', '订'), maxLength: 30 });
    const messages = fc.array(fc.tuple(fc.integer({ min: 1, max: 700 }), text), { maxLength: 30 });
    fc.assert(
      fc.property(messages, (parts) => {
        const all = parts.map(([size, property]) => message(size, property));
        const batches = splitBatch(all, MAX);
        expect(batches.flat()).toEqual(all);
        for (const batch of batches) expect(encoded(batch)).toBeLessThanOrEqual(MAX);
      }),
    );
  });

  it('makes as few batches as it can, and none of nothing', () => {
    expect(splitBatch([], MAX)).toEqual([]);
    const sizes = splitBatch(
      Array.from({ length: 12 }, () => message(20)),
      MAX,
    ).map(({ length }) => length);
    expect(sizes).toEqual([3, 3, 3, 3]);
  });

  it('leaves a message alone that has no room for more, and refuses one that is too large', () => {
    const all = [message(1), message(MAX), message(1)];
    expect(splitBatch(all, MAX)).toEqual([[all[0]], [all[1]], [all[2]]]);
    expect(() => splitBatch([message(1), message(MAX + 1)], MAX)).toThrow(
      'A message of topic t has 1001 bytes, over max value, MAX: 1000; nothing was sent',
    );
  });
});
