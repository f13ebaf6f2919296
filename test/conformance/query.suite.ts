import { describe, expect, it } from 'vitest';
import { decodeMessages } from '../../lib/common/message-decoder.js';
import { decodeMessageId } from '../../lib/common/message-id.js';
import type { QueryMessageRequestHeader } from '../../lib/remoting/header/query-message-request-header.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { ResponseCode } from '../../lib/remoting/response-code.js';
import { bodies } from '../support/test-peers.js';
import { TestClient } from '../support/test-client.js';
import { uniqueName, type ClusterRef } from './cluster.js';

const FOREVER = Number.MAX_SAFE_INTEGER;

/** Questions about messages, queues and routes: store-and-broker.md 14. */
export function describeQuery(cluster: ClusterRef): void {
  describe('QUERY_MESSAGE', () => {
    async function open() {
      const client = await TestClient.open(cluster());
      const topic = uniqueName('query');
      const query = (key: string, fields: Partial<QueryMessageRequestHeader> = {}) =>
        client.call(RequestCode.QUERY_MESSAGE, {
          topic,
          key,
          maxNum: 10,
          beginTimestamp: 0,
          endTimestamp: FOREVER,
          uniqueKeyQuery: false,
          ...fields,
        });
      return { client, topic, query };
    }

    it('finds messages by each of their keys', async () => {
      const { client, topic, query } = await open();
      await client.send(topic, { body: 'one', properties: { KEYS: 'red green' } });
      await client.send(topic, { body: 'two', properties: { KEYS: 'green' }, queueId: 2 });
      const found = async (key: string) => bodies(decodeMessages((await query(key)).body!)).toSorted();
      await expect.poll(() => found('red')).toEqual(['one']);
      await expect.poll(() => found('green')).toEqual(['one', 'two']);
    });

    it('finds a message by its unique id', async () => {
      const { client, topic, query } = await open();
      const { header } = await client.send(topic, { body: 'mine' });
      await client.send(topic, { body: 'other' });
      const { body } = await query(header!.transactionId!, { uniqueKeyQuery: true });
      expect(bodies(decodeMessages(body!))).toEqual(['mine']);
    });

    it('gives as many as asked for, 64 at most, 32 by unique id', async () => {
      const { client, topic, query } = await open();
      const properties = { KEYS: 'k' };
      await client.sendBatch(
        topic,
        Array.from({ length: 70 }, () => ({ properties })),
      );
      const count = async (fields: Partial<QueryMessageRequestHeader>) =>
        decodeMessages((await query('k', fields)).body!).length;
      expect(await count({ maxNum: 5 })).toBe(5);
      expect(await count({ maxNum: 100 })).toBe(64);
      expect(await count({ maxNum: 100, uniqueKeyQuery: true })).toBe(32);
    });

    it('looks between two times', async () => {
      const { client, topic, query } = await open();
      await client.send(topic, { properties: { KEYS: 'k' } });
      const { storeTimestamp } = (await client.read(topic))[0]!;
      const inside = { beginTimestamp: storeTimestamp - 1000, endTimestamp: storeTimestamp + 1000 };
      expect((await query('k', inside)).code).toBe(ResponseCode.SUCCESS);
      const before = { beginTimestamp: storeTimestamp - 9000, endTimestamp: storeTimestamp - 5000 };
      expect((await query('k', before)).code).toBe(ResponseCode.QUERY_NOT_FOUND);
    });

    it('finds nothing under another key or topic', async () => {
      const { client, topic, query } = await open();
      await client.send(topic, { properties: { KEYS: 'k' } });
      for (const response of [await query('l'), await query('k', { topic: uniqueName('other') })]) {
        expect(response.code).toBe(ResponseCode.QUERY_NOT_FOUND);
        expect(response.remark).toContain('can not find message, maybe time range not correct');
      }
    });
  });

  describe('VIEW_MESSAGE_BY_ID', () => {
    it('finds the message by the offset of its id', async () => {
      const client = await TestClient.open(cluster());
      const { header } = await client.send(uniqueName('view'), { body: 'found' });
      const { commitLogOffset: offset } = decodeMessageId(header!.msgId);
      const { code, body } = await client.call(RequestCode.VIEW_MESSAGE_BY_ID, { offset });
      expect(code).toBe(ResponseCode.SUCCESS);
      expect(bodies(decodeMessages(body!))).toEqual(['found']);
    });

    it.each([-1, 2 ** 40])('refuses offset %i', async (offset) => {
      const client = await TestClient.open(cluster());
      const { code, remark } = await client.call(RequestCode.VIEW_MESSAGE_BY_ID, { offset });
      expect(code).toBe(ResponseCode.SYSTEM_ERROR);
      expect(remark).toBe(`can not find message by the offset, ${offset}`);
    });
  });

  describe('offsets of a queue', () => {
    it('by request: smallest, largest, and the time of the first message', async () => {
      const client = await TestClient.open(cluster());
      const topic = uniqueName('bounds');
      await client.sendBatch(topic, [{}, {}, {}]);
      const queue = { topic, queueId: 0 };
      const [first] = await client.read(topic);
      expect((await client.call(RequestCode.GET_MAX_OFFSET, queue)).header!.offset).toBe(3);
      expect((await client.call(RequestCode.GET_MIN_OFFSET, queue)).header!.offset).toBe(0);
      const { header } = await client.call(RequestCode.GET_EARLIEST_MSG_STORETIME, queue);
      expect(header!.timestamp).toBe(first!.storeTimestamp);
    });

    it('of a queue that does not exist: 0, and no time', async () => {
      const client = await TestClient.open(cluster());
      const queue = { topic: uniqueName('none'), queueId: 0 };
      expect((await client.call(RequestCode.GET_MAX_OFFSET, queue)).header!.offset).toBe(0);
      expect((await client.call(RequestCode.GET_MIN_OFFSET, queue)).header!.offset).toBe(0);
      const { header } = await client.call(RequestCode.GET_EARLIEST_MSG_STORETIME, queue);
      expect(header!.timestamp).toBe(-1);
    });

    it('by time, at the bounds', async () => {
      const client = await TestClient.open(cluster());
      const topic = uniqueName('time');
      await client.sendBatch(topic, [{}, {}, {}]);
      const { storeTimestamp } = (await client.read(topic))[0]!;
      const search = async (timestamp: number, boundaryType: 'lower' | 'upper', queueId = 0) => {
        const header = { topic, queueId, timestamp, boundaryType };
        return (await client.call(RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, header)).header!.offset;
      };
      // The messages of a batch have one time.
      expect(await search(storeTimestamp, 'lower')).toBe(0);
      expect(await search(storeTimestamp, 'upper')).toBe(2);
      expect(await search(storeTimestamp - 1, 'lower')).toBe(0);
      expect(await search(storeTimestamp - 1, 'upper')).toBe(0);
      expect(await search(storeTimestamp + 1, 'lower')).toBe(3);
      expect(await search(storeTimestamp + 1, 'upper')).toBe(2);
      expect(await search(storeTimestamp, 'lower', 1)).toBe(0);
    });
  });

  describe('the name server', () => {
    it('gives the route of a topic', async () => {
      const client = await TestClient.open(cluster());
      const topic = uniqueName('route');
      await client.send(topic);
      const { code, body } = await client.route(topic);
      expect(code).toBe(ResponseCode.SUCCESS);
      expect(body).toMatchObject({
        queueDatas: [{ brokerName: client.brokerName, perm: 6, topicSysFlag: 0 }],
        brokerDatas: [{ brokerName: client.brokerName, cluster: 'DefaultCluster' }],
      });
    });

    it('refuses a topic that it does not know', async () => {
      const client = await TestClient.open(cluster());
      const topic = uniqueName('unknown');
      const { code, remark } = await client.route(topic);
      expect(code).toBe(ResponseCode.TOPIC_NOT_EXIST);
      expect(remark).toContain(`No topic route info in name server for the topic: ${topic}`);
    });
  });
}
