import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { unwrapInnerBatches } from '../../lib/client/inner-batch.js';
import { decodeMessages } from '../../lib/common/message-decoder.js';
import { decodeMessageBatch, encodeMessageBatch } from '../../lib/remoting/codec/message-batch-codec.js';
import { encodeRecord, innerMessage } from '../support/test-store.js';

const COMPRESSED = 0x1;
const NEED_UNWRAP = 0x40;
const INNER_BATCH = 0x80;

const item = (text: string, flag: number) => ({
  flag,
  body: Buffer.from(text),
  properties: new Map([
    ['TAGS', `tag-${text}`],
    ['UNIQ_KEY', `id-${text}`],
  ]),
});

/** A record that is a batch with a given body, and behind it one that is none. */
function pulled(body: Buffer, sysFlag = NEED_UNWRAP | INNER_BATCH) {
  const batch = innerMessage({ sysFlag, body, properties: new Map([['INNER_NUM', '2']]), reconsumeTimes: 3 });
  const place = { queueOffset: 7, commitLogOffset: 99 };
  const single = encodeRecord(innerMessage({ body: Buffer.from('c') }), { queueOffset: 9 });
  return decodeMessages(Buffer.concat([encodeRecord(batch, place), single]));
}

const batchOf = (...texts: string[]) => encodeMessageBatch(texts.map((text, i) => item(text, i + 1)));

describe('a pulled record that is a batch', () => {
  it('becomes its messages, each at its own offset', () => {
    const messages = unwrapInnerBatches(pulled(batchOf('a', 'b')), 0, 10);
    expect(messages.map(({ body, queueOffset }) => `${queueOffset} ${body.toString()}`)).toEqual([
      '7 a',
      '8 b',
      '9 c',
    ]);
    const [first, second] = messages;
    expect(second).toMatchObject({ topic: 'TopicA', flag: 2, tags: 'tag-b', msgId: 'id-b', sysFlag: 0 });
    expect(second!.properties.has('INNER_NUM')).toBe(false);
    expect(second!.storedBody.toString()).toBe('b');
    expect(second!.isBodyIntact()).toBe(true);
    expect(second).toMatchObject({
      commitLogOffset: 99,
      reconsumeTimes: 3,
      bornTimestamp: 1_700_000_000_000,
    });
    expect([second!.bornHost, second!.storeHost]).toEqual([first!.bornHost, messages[2]!.storeHost]);
  });

  it('is gone on with in its middle', () => {
    const messages = unwrapInnerBatches(pulled(batchOf('a', 'b')), 8, 10);
    expect(messages.map(({ queueOffset }) => queueOffset)).toEqual([8, 9]);
  });

  it('is damaged when it cannot be read, and others are not', () => {
    let damaged = 0;
    const unwrap = (body: Buffer, sysFlag?: number) =>
      unwrapInnerBatches(pulled(body, sysFlag), 0, 10, () => damaged++).map(({ queueOffset }) => queueOffset);
    expect(unwrap(batchOf('a', 'b').subarray(0, -1))).toEqual([9]);
    expect(unwrap(batchOf('a'), NEED_UNWRAP | INNER_BATCH | 1)).toEqual([9]);
    expect(damaged).toBe(2);
  });

  it('is one message when it has more than the offsets up to the next one, or to the end of what was pulled', () => {
    const messages = pulled(batchOf('a', 'b', 'c'));
    expect(unwrapInnerBatches(messages, 0, 10)).toEqual(messages);
    const [alone] = pulled(batchOf('a', 'b'));
    expect(unwrapInnerBatches([alone!], 0, 8)).toEqual([alone]);
    expect(unwrapInnerBatches([alone!], 0, 9)).toHaveLength(2);
  });

  it('is read no further than it can be one', () => {
    const items = Buffer.concat(Array.from({ length: 40_000 }, () => batchOf('a')));
    const [bomb] = pulled(deflateSync(items), NEED_UNWRAP | INNER_BATCH | COMPRESSED);
    expect(unwrapInnerBatches([bomb!], 0, 9)).toEqual([bomb]);
    expect(decodeMessageBatch(items, 3)).toHaveLength(3);
  });

  it.each([0, NEED_UNWRAP, INNER_BATCH])('is one with both flags only, not with %i', (sysFlag) => {
    const messages = pulled(batchOf('a', 'b'), sysFlag);
    expect(unwrapInnerBatches(messages, 0, 10)).toBe(messages);
  });
});
