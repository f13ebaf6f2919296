import { describe, expect, it } from 'vitest';
import { decodeMessageId } from '../../lib/common/message-id.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { ResponseCode } from '../../lib/remoting/response-code.js';
import { TestClient } from '../support/test-client.js';
import { uniqueName, type ClusterRef } from './cluster.js';

const MAX_BODY = 4 * 1024 * 1024;
const FORBIDDEN_TOPICS = [
  'SCHEDULE_TOPIC_XXXX',
  'RMQ_SYS_TRANS_HALF_TOPIC',
  'RMQ_SYS_TRANS_OP_HALF_TOPIC',
  'TRANS_CHECK_MAX_TIME_TOPIC',
  'SELF_TEST_TOPIC',
  'OFFSET_MOVED_EVENT',
];

/** SEND_MESSAGE: store-and-broker.md 8.3, 8.4, 10.2, 15.3 and 15.4. */
export function describeSend(cluster: ClusterRef): void {
  describe('SEND_MESSAGE', () => {
    it('answers with the place of the message, and stores all of it', async () => {
      const client = await TestClient.open(cluster());
      const topic = uniqueName('send');
      const properties = {
        UNIQ_KEY: '7F0000010FA018B4AAC2000000000001',
        TAGS: 'a',
        KEYS: 'k1 k2',
        color: '红',
      };
      const before = Date.now();
      const { code, header } = await client.send(topic, {
        queueId: 2,
        flag: 7,
        reconsumeTimes: 3,
        bornTimestamp: 1_700_000_000_000,
        body: '你好',
        properties,
      });
      expect(code).toBe(ResponseCode.SUCCESS);
      expect(header).toMatchObject({ queueId: 2, queueOffset: 0, transactionId: properties.UNIQ_KEY });
      expect(header).toMatchObject({ regionId: 'DefaultRegion', traceOn: true });
      const [stored] = await client.read(topic, 2);
      expect(stored).toMatchObject({ topic, queueId: 2, flag: 7, reconsumeTimes: 3, queueOffset: 0 });
      expect(stored!.body.toString()).toBe('你好');
      expect(stored!.bornTimestamp).toBe(1_700_000_000_000);
      expect(stored!.storeTimestamp).toBeGreaterThanOrEqual(before);
      expect(stored!.offsetMsgId).toBe(header!.msgId);
      expect(decodeMessageId(header!.msgId).commitLogOffset).toBe(stored!.commitLogOffset);
      expect(Object.fromEntries(stored!.properties)).toEqual({
        ...properties,
        MSG_REGION: 'DefaultRegion',
        TRACE_ON: 'true',
        CLUSTER: expect.any(String) as string,
      });
    });

    it('counts the offsets of each queue from 0', async () => {
      const client = await TestClient.open(cluster());
      const topic = uniqueName('offsets');
      const offsets: number[] = [];
      for (const queueId of [0, 1, 0, 0, 1]) {
        offsets.push((await client.send(topic, { queueId })).header!.queueOffset);
      }
      expect(offsets).toEqual([0, 0, 1, 2, 1]);
    });

    it('gives a message without a unique id one', async () => {
      const client = await TestClient.open(cluster());
      const topic = uniqueName('no-id');
      const { header } = await client.send(topic);
      const [stored] = await client.read(topic);
      expect(stored!.msgId).toMatch(/^[0-9A-F]{32}([0-9A-F]{24})?$/);
      expect(header!.transactionId).toBe(stored!.msgId);
    });

    it('takes POP_CK away, and keeps WAIT', async () => {
      const client = await TestClient.open(cluster());
      const topic = uniqueName('pop-ck');
      await client.send(topic, { properties: { POP_CK: '0 1 2', WAIT: 'false', a: '1' } });
      const [stored] = await client.read(topic);
      expect(stored!.getProperty('POP_CK')).toBeUndefined();
      expect(stored!.getProperty('WAIT')).toBe('false');
      expect(stored!.getProperty('a')).toBe('1');
    });

    it('chooses a queue when queueId is negative', async () => {
      const client = await TestClient.open(cluster());
      const topic = uniqueName('random');
      const chosen = new Set<number>();
      for (let i = 0; i < 60; i++) chosen.add((await client.send(topic, { queueId: -1 })).header!.queueId);
      expect([...chosen].toSorted()).toEqual([0, 1, 2, 3]);
    });

    it('sends one way without an answer', async ({ skip }) => {
      skip(cluster().isApache === true, 'its threads may overtake each other');
      const client = await TestClient.open(cluster());
      const topic = uniqueName('oneway');
      await client.send(topic);
      const properties = new Map([['way', 'one']]);
      client.oneway(
        RequestCode.SEND_MESSAGE,
        {
          producerGroup: 'test-producer',
          topic,
          defaultTopic: 'TBW102',
          defaultTopicQueueNums: 4,
          queueId: 0,
          sysFlag: 0,
          bornTimestamp: Date.now(),
          flag: 0,
          properties,
          reconsumeTimes: 0,
          brokerName: client.brokerName,
        },
        Buffer.from('gone'),
      );
      await client.send(topic);
      expect((await client.read(topic)).map(({ body }) => body.toString())).toEqual([
        'hello',
        'gone',
        'hello',
      ]);
    });

    describe('creates the topic', () => {
      it.each([
        [1, 1],
        [4, 4],
        [8, 8],
        [16, 8],
      ])('with %i queues asked for: %i', async (defaultTopicQueueNums, expected) => {
        const client = await TestClient.open(cluster());
        const topic = uniqueName('created');
        expect((await client.route(topic)).code).toBe(ResponseCode.TOPIC_NOT_EXIST);
        await client.send(topic, { defaultTopicQueueNums });
        const { body } = await client.route(topic);
        expect(body!.queueDatas).toEqual([
          expect.objectContaining({ readQueueNums: expected, writeQueueNums: expected, perm: 6 }),
        ]);
      });

      it.each([0, -3])('with %i queues asked for: with none, and refuses the message', async (count) => {
        const client = await TestClient.open(cluster());
        const topic = uniqueName('no-queues');
        const { code } = await client.send(topic, { defaultTopicQueueNums: count });
        expect(code).toBe(ResponseCode.INVALID_PARAMETER);
        expect((await client.send(topic)).code).toBe(ResponseCode.INVALID_PARAMETER);
      });

      it('but not without a pattern that may be inherited', async () => {
        const client = await TestClient.open(cluster());
        const existing = uniqueName('existing');
        await client.send(existing);
        for (const defaultTopic of [uniqueName('unknown'), existing]) {
          const topic = uniqueName('not-created');
          const { code, remark } = await client.send(topic, { defaultTopic });
          expect(code).toBe(ResponseCode.TOPIC_NOT_EXIST);
          expect(remark).toContain(`topic[${topic}] not exist, apply first please!`);
          expect((await client.route(topic)).code).toBe(ResponseCode.TOPIC_NOT_EXIST);
        }
      });

      it.each(['__proto__', 'constructor', 'toString'])('named %s', async (topic) => {
        const client = await TestClient.open(cluster());
        const { code } = await client.send(topic, { body: 'legal' });
        expect(code).toBe(ResponseCode.SUCCESS);
        expect((await client.read(topic)).at(-1)!.body.toString()).toBe('legal');
      });
    });

    describe('refuses', () => {
      it.each([
        ['blank', ' ', 'The specified topic is blank.'],
        ['with a dot', 'a.b', 'contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$'],
        ['that leaves the store', '../../x', 'contains illegal characters'],
        ['of 128 characters', 'x'.repeat(128), 'is longer than topic max length'],
      ])('a topic %s', async (_, topic, remark) => {
        const client = await TestClient.open(cluster());
        const response = await client.send(topic);
        expect(response.code).toBe(ResponseCode.INVALID_PARAMETER);
        expect(response.remark).toContain(remark);
      });

      it('no topic of 127 characters', async () => {
        const client = await TestClient.open(cluster());
        expect((await client.send(uniqueName('long').padEnd(127, 'x'))).code).toBe(ResponseCode.SUCCESS);
      });

      it.each(FORBIDDEN_TOPICS)('topic %s', async (topic) => {
        const client = await TestClient.open(cluster());
        const { code, remark } = await client.send(topic);
        expect(code).toBe(ResponseCode.NO_PERMISSION);
        expect(remark).toBe(`Sending message to topic[${topic}] is forbidden.`);
      });

      it.each(['TBW102', 'BenchmarkTest', 'DefaultCluster'])('not topic %s', async (topic) => {
        const client = await TestClient.open(cluster());
        expect((await client.send(topic)).code).toBe(ResponseCode.SUCCESS);
      });

      it('a queue that the topic does not have', async () => {
        const client = await TestClient.open(cluster());
        const topic = uniqueName('queues');
        const { code, remark } = await client.send(topic, { queueId: 99 });
        expect(code).toBe(ResponseCode.INVALID_PARAMETER);
        expect(remark).toContain('request queueId[99] is illegal');
        expect((await client.send(topic, { queueId: 4 })).code).toBe(ResponseCode.INVALID_PARAMETER);
        expect((await client.send(topic, { queueId: 3 })).code).toBe(ResponseCode.SUCCESS);
      });

      it('a message without a body', async () => {
        const client = await TestClient.open(cluster());
        const topic = uniqueName('no-body');
        expect((await client.send(topic, { body: '' })).code).toBe(ResponseCode.SYSTEM_ERROR);
        expect(await client.read(topic)).toEqual([]);
      });

      it('a message that says to be a batch of a topic with BatchCQ', async () => {
        const client = await TestClient.open(cluster());
        const topic = uniqueName('inner-batch');
        const [single, batch] = [
          await client.send(topic, { sysFlag: 0xc0 }),
          await client.sendBatch(topic, [{}], { sysFlag: 0xc0 }),
        ];
        expect([single.code, batch.code]).toEqual(Array(2).fill(ResponseCode.MESSAGE_ILLEGAL));
        expect(single.remark).toContain('the message is illegal');
        expect(await client.read(topic)).toEqual([]);
      });

      it('a body above 4 MiB', async () => {
        const client = await TestClient.open(cluster());
        const topic = uniqueName('big');
        const refused = await client.send(topic, { body: Buffer.alloc(MAX_BODY + 1) });
        expect(refused.code).toBe(ResponseCode.MESSAGE_ILLEGAL);
        expect(refused.remark).toContain('msg body length limit 4194304B, msg properties length limit 32KB.');
        expect(await client.read(topic)).toEqual([]);
        expect((await client.send(topic, { body: Buffer.alloc(MAX_BODY) })).code).toBe(ResponseCode.SUCCESS);
      });

      it('properties above 32,767 bytes, what the broker adds included', async () => {
        const client = await TestClient.open(cluster());
        const topic = uniqueName('properties');
        const refused = await client.send(topic, { properties: { a: 'x'.repeat(32_767 - 3) } });
        expect(refused.code).toBe(ResponseCode.MESSAGE_ILLEGAL);
        expect(await client.read(topic)).toEqual([]);
        const fits = await client.send(topic, { properties: { a: 'x'.repeat(32_500) } });
        expect(fits.code).toBe(ResponseCode.SUCCESS);
      });

      it('a delay level that is no number', async () => {
        const client = await TestClient.open(cluster());
        const { code } = await client.send(uniqueName('delay'), { properties: { DELAY: 'abc' } });
        expect(code).toBe(ResponseCode.SYSTEM_ERROR);
      });
    });

    it('does not delay a message with a delay level of 0 or below', async () => {
      const client = await TestClient.open(cluster());
      const topic = uniqueName('not-delayed');
      for (const DELAY of ['0', '-1']) {
        expect((await client.send(topic, { properties: { DELAY } })).code).toBe(ResponseCode.SUCCESS);
      }
      expect((await client.read(topic)).map((message) => message.getProperty('DELAY'))).toEqual(['0', '-1']);
    });

    describe('to a retry topic', () => {
      it('creates it with one queue', async ({ skip }) => {
        skip(cluster().isApache === true, 'its topics have attributes');
        const client = await TestClient.open(cluster());
        const topic = `%RETRY%${uniqueName('group')}`;
        const { code } = await client.send(topic, { defaultTopicQueueNums: 4 });
        expect(code).toBe(ResponseCode.SUCCESS);
        expect((await client.route(topic)).body!.queueDatas).toEqual([
          expect.objectContaining({ readQueueNums: 1, writeQueueNums: 1, perm: 6 }),
        ]);
      });

      it('refuses a group that cannot be', async ({ skip }) => {
        skip(cluster().isApache === true, 'it takes any name');
        const client = await TestClient.open(cluster());
        const { code, remark } = await client.send('%RETRY%');
        expect(code).toBe(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST);
        expect(remark).toContain('subscription group not exist');
      });

      it.each([
        [16, undefined, false],
        [17, undefined, true],
        [3, 3, false],
        [4, 3, true],
      ])('after %i attempts of at most %s: dead %s', async (reconsumeTimes, maxReconsumeTimes, isDead) => {
        const client = await TestClient.open(cluster());
        const group = uniqueName('group');
        const topic = `%RETRY%${group}`;
        const { header } = await client.send(topic, { reconsumeTimes, maxReconsumeTimes });
        expect(header!.queueId).toBe(0);
        expect(await client.read(isDead ? topic : `%DLQ%${group}`)).toEqual([]);
        const [stored] = await client.read(isDead ? `%DLQ%${group}` : topic);
        expect(stored!.reconsumeTimes).toBe(reconsumeTimes);
        expect(stored!.getProperty('DELAY')).toBe(isDead ? '-1' : undefined);
      });

      it('is dead at once when the group consumes in order', async ({ skip }) => {
        skip(cluster().isApache === true, 'it is visible later');
        const client = await TestClient.open(cluster());
        const group = uniqueName('orderly');
        const mqSet = [{ topic: 'BenchmarkTest', brokerName: client.brokerName, queueId: 0 }];
        const lock = { consumerGroup: group, clientId: 'c1', mqSet };
        await client.call(RequestCode.LOCK_BATCH_MQ, undefined, lock);
        await client.send(`%RETRY%${group}`, { properties: { DELAY: '3' } });
        const [dead] = await client.read(`%DLQ%${group}`);
        expect(dead!.getProperty('DELAY')).toBe('-1');
        await client.call(RequestCode.UNLOCK_BATCH_MQ, undefined, lock);
        await client.send(`%RETRY%${group}`);
        expect(await client.read(`%DLQ%${group}`)).toHaveLength(1);
      });
    });
  });
}
