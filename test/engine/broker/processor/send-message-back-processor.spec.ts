import { describe, expect, it } from 'vitest';
import { RequestCode } from '../../../../lib/remoting/request-code.js';
import { ResponseCode } from '../../../../lib/remoting/response-code.js';
import { VirtualBroker } from '../../../support/virtual-broker.js';

const LONGEST_PROPERTIES = 32_767;

describe('a message without room for what a retry adds', () => {
  it.each([
    [60, 0, 't'],
    [60, -1, 't'],
    [0, 0, undefined],
    [0, -1, undefined],
  ])('with %i bytes left, sent back at level %i, is dead', async (room, delayLevel, origin) => {
    const broker = await VirtualBroker.open();
    const { client } = broker;
    const send = (length: number) =>
      client.send('t', { properties: { TAGS: 'a', DELAY: '0', filler: 'x'.repeat(length) } });
    let length = LONGEST_PROPERTIES;
    while ((await send(length)).code !== ResponseCode.SUCCESS) length--;
    await send(length - room);
    const sent = (await client.read('t'))[1]!;
    const { code } = await client.call(RequestCode.CONSUMER_SEND_MSG_BACK, {
      offset: sent.commitLogOffset,
      group: 'g',
      delayLevel,
      originMsgId: sent.msgId,
      originTopic: 't',
      maxReconsumeTimes: 16,
    });
    expect(code).toBe(ResponseCode.SUCCESS);
    const [dead] = await client.read('%DLQ%g');
    expect(dead).toMatchObject({ msgId: sent.msgId, reconsumeTimes: 1, tags: 'a' });
    expect(dead!.getProperty('RETRY_TOPIC')).toBe(origin);
    expect(dead!.getProperty('filler')).toBe(sent.getProperty('filler'));
    expect(broker.log).toContain(`Message ${sent.msgId} of topic t is dead`);
  });
});
