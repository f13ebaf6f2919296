import { describe, expect, it } from 'vitest';
import { RequestCode } from '../../../../lib/remoting/request-code.js';
import { ResponseCode } from '../../../../lib/remoting/response-code.js';
import { TestClient } from '../../../support/test-client.js';
import { startEngine } from '../../../support/test-engine.js';
import { VirtualClock } from '../../../support/virtual-clock.js';

const TOPIC = 'DefaultCluster_REPLY_TOPIC';
const properties = { REPLY_TO_CLIENT: 'requester', CORRELATION_ID: 'c', MSG_TYPE: 'reply' };

async function open(engineOptions = {}) {
  const clock = new VirtualClock();
  const engine = await startEngine({ clock, engine: engineOptions });
  const client = await TestClient.open(engine);
  await client.producerHeartbeat('requester', 'first');
  await client.producerHeartbeat('requester', 'second');
  return { clock, engine, client };
}

describe('the reply processor', () => {
  it('keeps no copy where it is not to', async () => {
    const { client } = await open({ storeReplyMessageEnable: false });
    client.answer = () => undefined;
    expect(await client.sendReply(TOPIC, { properties })).toMatchObject({
      code: ResponseCode.SUCCESS,
      header: { msgId: '0', queueId: 0, queueOffset: 0 },
    });
    expect(await client.read(TOPIC)).toEqual([]);
  });

  it('hands a reply that is too large to keep on all the same', async () => {
    const { client, engine } = await open({ maxMessageSize: 100 });
    client.answer = () => undefined;
    expect(await client.sendReply(TOPIC, { properties, body: 'x'.repeat(101) })).toMatchObject({
      code: ResponseCode.SUCCESS,
      header: { msgId: '0', queueId: 0, queueOffset: 0 },
    });
    expect(client.pushed).toHaveLength(1);
    expect(await client.read(TOPIC)).toEqual([]);
    expect(engine.logger.lines.join()).toContain(
      `A reply of topic ${TOPIC} cannot be stored: MESSAGE_ILLEGAL`,
    );
  });

  it('gives a requester that does not answer up, and keeps the copy', async () => {
    const { client, clock } = await open();
    // The replier of this test gives up at the same moment.
    client.sendReply(TOPIC, { properties }).catch(() => {});
    await clock.advance(9999);
    expect(await client.read(TOPIC)).toEqual([]);
    await clock.advance(1);
    expect(await client.read(TOPIC)).toHaveLength(1);
  });

  it('knows a requester until its last producer is gone, and on its newest connection', async () => {
    const { client, engine } = await open();
    client.answer = () => undefined;
    const unregister = (producerGroup: string) =>
      client.call(RequestCode.UNREGISTER_CLIENT, { clientID: 'requester', producerGroup });
    await unregister('first');
    expect((await client.sendReply(TOPIC, { properties })).code).toBe(ResponseCode.SUCCESS);
    const newer = await TestClient.open(engine);
    newer.answer = () => undefined;
    await newer.producerHeartbeat('requester', 'second');
    await client.sendReply(TOPIC, { properties });
    expect([client.pushed.length, newer.pushed.length]).toEqual([1, 1]);
    await unregister('second');
    expect((await client.sendReply(TOPIC, { properties })).code).toBe(ResponseCode.SUCCESS);
    newer.transport.close();
    expect((await client.sendReply(TOPIC, { properties })).remark).toContain('not found');
  });

  it('checks a reply like any other message', async () => {
    const { client } = await open();
    expect((await client.sendReply('SELF_TEST_TOPIC', { properties })).code).toBe(ResponseCode.NO_PERMISSION);
    expect((await client.sendReply(TOPIC, { properties, queueId: 9 })).code).toBe(
      ResponseCode.INVALID_PARAMETER,
    );
    expect((await client.sendReply(TOPIC, { properties, body: '' })).code).toBe(ResponseCode.SYSTEM_ERROR);
    expect((await client.sendReply(TOPIC, { properties, sysFlag: 0x80 })).code).toBe(
      ResponseCode.MESSAGE_ILLEGAL,
    );
  });

  it.each([4, 12])(
    'passes on and keeps no reply that says to be a message of a transaction (%i)',
    async (sysFlag) => {
      const { client } = await open();
      const { code, remark } = await client.sendReply(TOPIC, { properties, sysFlag });
      expect([code, remark]).toEqual([
        ResponseCode.MESSAGE_ILLEGAL,
        'a reply can not be a message of a transaction',
      ]);
      expect(client.pushed).toEqual([]);
    },
  );
});
