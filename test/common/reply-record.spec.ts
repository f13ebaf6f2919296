import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { replyMessage } from '../../lib/common/reply-record.js';

const fields = {
  topic: 'c_REPLY_TOPIC',
  queueId: 3,
  flag: -7,
  sysFlag: 0,
  bornTimestamp: 1_700_000_000_001,
  bornHost: '10.0.0.1:4711',
  storeTimestamp: 1_700_000_000_002,
  storeHost: '127.0.0.1:10911',
  reconsumeTimes: 2,
  properties: new Map([['UNIQ_KEY', 'id']]),
};

describe('replyMessage', () => {
  it('shows everything that is known of a reply', () => {
    const message = replyMessage(fields, Buffer.from('body'));
    const { properties, ...others } = fields;
    expect(message).toMatchObject(others);
    expect([message.msgId, message.body.toString(), message.isBodyIntact()]).toEqual(['id', 'body', true]);
    expect(Object.fromEntries(message.properties)).toEqual(Object.fromEntries(properties));
  });

  it.each([
    ['[::1]:80', '[0:0:0:0:0:0:0:1]:80'],
    ['mq.example.com/10.0.0.5:10911', '10.0.0.5:10911'],
    ['mq.example.com:10911', '0.0.0.0:0'],
    ['', '0.0.0.0:0'],
  ])('reads the host %s as %s', (storeHost, shown) => {
    const message = replyMessage({ ...fields, storeHost, bornHost: storeHost }, Buffer.from('b'));
    expect([message.storeHost, message.bornHost, message.body.toString()]).toEqual([shown, shown, 'b']);
  });

  it('takes any body and properties, more than a record could hold too', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), fc.string(), (bytes, text) => {
        const properties = new Map([['long', text.repeat(10_000)]]);
        const message = replyMessage({ ...fields, properties }, Buffer.from(bytes));
        return message.body.equals(Buffer.from(bytes)) && message.getProperty('long') === text.repeat(10_000);
      }),
    );
  });
});
