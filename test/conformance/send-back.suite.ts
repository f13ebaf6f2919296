import { describe, expect, it } from 'vitest';
import type { ConsumerSendMsgBackRequestHeader } from '../../lib/remoting/header/consumer-send-msg-back-request-header.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { ResponseCode } from '../../lib/remoting/response-code.js';
import { TestClient } from '../support/test-client.js';
import { uniqueName, type ClusterRef } from './cluster.js';

/** CONSUMER_SEND_MSG_BACK: store-and-broker.md 10.1. What waits for its delay is looked at with a virtual clock elsewhere. */
export function describeSendBack(cluster: ClusterRef): void {
  describe('CONSUMER_SEND_MSG_BACK', () => {
    async function open(reconsumeTimes = 0, properties: Record<string, string> = {}) {
      const client = await TestClient.open(cluster());
      const topic = uniqueName('topic');
      await client.send(topic, { reconsumeTimes, properties: { TAGS: 'a', ...properties }, flag: 5 });
      const [stored] = await client.read(topic);
      const group = uniqueName('group');
      const sendBack = (fields: Partial<ConsumerSendMsgBackRequestHeader> = {}) =>
        client.call(RequestCode.CONSUMER_SEND_MSG_BACK, {
          offset: stored!.commitLogOffset,
          group,
          delayLevel: 0,
          originMsgId: stored!.msgId,
          originTopic: topic,
          maxReconsumeTimes: 16,
          ...fields,
        });
      return { client, topic, group, stored: stored!, sendBack };
    }

    it('makes a message dead that was tried too often', async ({ skip }) => {
      skip(cluster().isApache === true, 'it is visible later');
      const { client, topic, group, stored, sendBack } = await open(16);
      expect((await sendBack()).code).toBe(ResponseCode.SUCCESS);
      const [dead] = await client.read(`%DLQ%${group}`);
      expect(dead).toMatchObject({ queueId: 0, reconsumeTimes: 17, flag: 5, msgId: stored.msgId, tags: 'a' });
      expect(dead).toMatchObject({ bornTimestamp: stored.bornTimestamp, bornHost: stored.bornHost });
      expect(dead!.body).toEqual(stored.body);
      expect(dead!.getProperty('RETRY_TOPIC')).toBe(topic);
      expect(dead!.getProperty('ORIGIN_MESSAGE_ID')).toBe(stored.offsetMsgId);
      expect(dead!.getProperty('DELAY')).toBe('0');
      expect(dead!.getProperty('WAIT')).toBe('false');
      expect(dead!.getProperty('DLQ_ORIGIN_TOPIC')).toBeUndefined();
      expect((await client.route(`%DLQ%${group}`)).body!.queueDatas).toEqual([
        expect.objectContaining({ readQueueNums: 1, writeQueueNums: 1, perm: 6 }),
      ]);
    });

    it('keeps what an earlier attempt noted', async ({ skip }) => {
      skip(cluster().isApache === true, 'it is visible later');
      const { client, group, sendBack } = await open(16, {
        RETRY_TOPIC: 'first-topic',
        ORIGIN_MESSAGE_ID: 'first-id',
      });
      await sendBack();
      const [dead] = await client.read(`%DLQ%${group}`);
      expect(dead!.getProperty('RETRY_TOPIC')).toBe('first-topic');
      expect(dead!.getProperty('ORIGIN_MESSAGE_ID')).toBe('first-id');
    });

    it.each([
      [15, 16, 0, false],
      [16, 16, 0, true],
      [1, 1, 0, true],
      [0, 1, 0, false],
      [0, 16, -1, true],
      [16, 16, 3, true],
    ])(
      'attempt %i of at most %i at level %i: dead %s',
      async (times, maxReconsumeTimes, delayLevel, isDead) => {
        const { client, group, sendBack } = await open(times);
        await sendBack({ maxReconsumeTimes, delayLevel });
        expect((await client.route(`%DLQ%${group}`)).code === ResponseCode.SUCCESS).toBe(isDead);
        expect(await client.read(`%RETRY%${group}`)).toEqual([]);
      },
    );

    it('refuses a group that cannot be', async () => {
      const { sendBack } = await open();
      const { code, remark } = await sendBack({ group: 'a.b' });
      expect(code).toBe(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST);
      expect(remark).toContain('subscription group not exist, a.b');
    });

    it('refuses an offset without a message', async () => {
      const { sendBack } = await open();
      for (const offset of [-1, 2 ** 40]) {
        const { code, remark } = await sendBack({ offset });
        expect(code).toBe(ResponseCode.SYSTEM_ERROR);
        expect(remark).toContain(`look message by offset failed, ${offset}`);
      }
    });
  });
}
