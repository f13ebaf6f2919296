import { describe, expect, it } from 'vitest';
import type { Cluster } from './cluster.js';
import { buildSubscriptionData } from '../../lib/remoting/filter/filter-api.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { ResponseCode } from '../../lib/remoting/response-code.js';
import { eventually } from '../support/eventually.js';
import { TestClient } from '../support/test-client.js';
import { codeOf, uniqueName, type ClusterRef } from './cluster.js';

/** Members, locks and offsets of consumer groups: store-and-broker.md 13. */
export function describeGroup(cluster: ClusterRef): void {
  describe('HEART_BEAT', () => {
    it('makes a client a member, and creates the retry topic', async () => {
      const client = await TestClient.open(cluster());
      const group = uniqueName('group');
      expect((await client.heartbeat('c1', group, {})).code).toBe(ResponseCode.SUCCESS);
      expect(await client.consumerIds(group)).toEqual(['c1']);
      expect((await client.route(`%RETRY%${group}`)).body!.queueDatas).toEqual([
        expect.objectContaining({ readQueueNums: 1, writeQueueNums: 1, perm: 6 }),
      ]);
    });

    it('passes over a group that cannot be', async () => {
      const client = await TestClient.open(cluster());
      expect((await client.heartbeat('c1', 'a.b', {})).code).toBe(ResponseCode.SUCCESS);
      expect(await client.consumerIds('a.b')).toBeUndefined();
    });

    it('lets the newest expression of a topic win, and the last heartbeat name the topics', async () => {
      const client = await TestClient.open(cluster());
      const group = uniqueName('group');
      const topic = uniqueName('topic');
      await client.send(topic, { properties: { TAGS: 'a' } });
      const pull = () => client.pull(topic, group, { sysFlag: 0 });
      const subscribe = (expression: string, version: number) =>
        client.heartbeat('c1', group, { [topic]: buildSubscriptionData(topic, expression, version)! });
      const start = 1_700_000_000_000;
      await subscribe('b', start);
      expect((await pull()).code).toBe(ResponseCode.PULL_RETRY_IMMEDIATELY);
      await subscribe('a', start - 1);
      expect((await pull()).code).toBe(ResponseCode.PULL_RETRY_IMMEDIATELY);
      await subscribe('a', start + 1);
      expect((await pull()).code).toBe(ResponseCode.SUCCESS);
      await client.heartbeat('c1', group, {});
      expect((await pull()).code).toBe(ResponseCode.SUBSCRIPTION_NOT_EXIST);
    });
  });

  describe('GET_CONSUMER_LIST_BY_GROUP', () => {
    it('names all members', async () => {
      const group = uniqueName('group');
      for (const id of ['c2', 'c1']) await (await TestClient.open(cluster())).heartbeat(id, group, {});
      const client = await TestClient.open(cluster());
      expect([...(await client.consumerIds(group))!].toSorted()).toEqual(['c1', 'c2']);
    });

    it('refuses a group without members', async () => {
      const client = await TestClient.open(cluster());
      const consumerGroup = uniqueName('group');
      const { code, remark } = await client.call(RequestCode.GET_CONSUMER_LIST_BY_GROUP, { consumerGroup });
      expect(code).toBe(ResponseCode.SYSTEM_ERROR);
      expect(remark).toBe(`no consumer for this group, ${consumerGroup}`);
    });
  });

  describe('NOTIFY_CONSUMER_IDS_CHANGED', () => {
    it('tells the members when one comes, subscribes to more or less, or leaves', async () => {
      const [first, second] = await twoClients(cluster());
      const group = uniqueName('group');
      const topic = uniqueName('topic');
      await first.heartbeat('c1', group, { [topic]: '*' });
      await noticesAfter(first, 1);
      await second.heartbeat('c2', group, { [topic]: '*' });
      await noticesAfter(first, 2);
      await first.heartbeat('c1', group, { [topic]: '*', [uniqueName('topic')]: '*' });
      await noticesAfter(second, 2);
      await first.heartbeat('c1', group, { [topic]: '*' });
      await noticesAfter(second, 3);
      await second.call(RequestCode.UNREGISTER_CLIENT, { clientID: 'c2', consumerGroup: group });
      await noticesAfter(first, 5);
      expect(await first.consumerIds(group)).toEqual(['c1']);
      expect(first.pushed[0]).toMatchObject({
        code: RequestCode.NOTIFY_CONSUMER_IDS_CHANGED,
        header: { consumerGroup: group },
      });
    });

    it('tells them when a connection ends', async () => {
      const [first, second] = await twoClients(cluster());
      const group = uniqueName('group');
      await first.heartbeat('c1', group, {});
      await second.heartbeat('c2', group, {});
      await noticesAfter(first, 2);
      second.transport.close();
      await noticesAfter(first, 3);
      expect(await first.consumerIds(group)).toEqual(['c1']);
    });

    it('tells nobody of a further heartbeat or another expression', async () => {
      const [first, second] = await twoClients(cluster());
      const group = uniqueName('group');
      const topic = uniqueName('topic');
      await first.heartbeat('c1', group, { [topic]: '*' });
      await noticesAfter(first, 1);
      await first.heartbeat('c1', group, { [topic]: '*' });
      await first.heartbeat('c1', group, { [topic]: buildSubscriptionData(topic, 'a', Date.now())! });
      await second.heartbeat('c2', group, { [topic]: '*' });
      await noticesAfter(first, 2);
    });

    it('tells nobody in a group that broadcasts', async () => {
      const [first, second] = await twoClients(cluster());
      const group = uniqueName('group');
      const marker = uniqueName('marker');
      await first.heartbeat('c1', group, {}, { messageModel: 'BROADCASTING' });
      await second.heartbeat('c2', group, {}, { messageModel: 'BROADCASTING' });
      await first.heartbeat('c1', marker, {});
      await noticesAfter(first, 1);
      expect(first.pushed[0]!.header).toEqual({ consumerGroup: marker });
    });
  });

  describe('LOCK_BATCH_MQ', () => {
    const queues = (brokerName: string, ...ids: number[]) =>
      ids.map((queueId) => ({ topic: 'BenchmarkTest', brokerName, queueId }));

    it('gives a queue to one client of a group at a time', async () => {
      const client = await TestClient.open(cluster());
      const group = uniqueName('group');
      const lock = async (clientId: string, consumerGroup: string, ...ids: number[]) => {
        const mqSet = queues(client.brokerName, ...ids);
        const body = { consumerGroup, clientId, mqSet };
        const response = await client.call(RequestCode.LOCK_BATCH_MQ, undefined, body);
        expect(response.code).toBe(ResponseCode.SUCCESS);
        return response.body!.lockOKMQSet.map(({ queueId }) => queueId);
      };
      const unlock = (clientId: string, ...ids: number[]) => {
        const mqSet = queues(client.brokerName, ...ids);
        return client.call(RequestCode.UNLOCK_BATCH_MQ, undefined, { consumerGroup: group, clientId, mqSet });
      };
      expect(await lock('c1', group, 0, 1)).toEqual([0, 1]);
      expect(await lock('c1', group, 0, 1)).toEqual([0, 1]);
      expect(await lock('c2', group, 1, 2)).toEqual([2]);
      expect(await lock('c2', uniqueName('other'), 1)).toEqual([1]);
      expect((await unlock('c2', 0, 1)).code).toBe(ResponseCode.SUCCESS);
      expect(await lock('c2', group, 0, 1)).toEqual([]);
      await unlock('c1', 1);
      expect(await lock('c2', group, 0, 1)).toEqual([1]);
    });
  });

  describe('offsets', () => {
    async function open() {
      const client = await TestClient.open(cluster());
      const topic = uniqueName('topic');
      await client.send(topic, { queueId: 1 });
      const consumerGroup = uniqueName('group');
      await client.heartbeat('c', consumerGroup, { [topic]: '*' });
      const query = (queueId: number) =>
        client.call(RequestCode.QUERY_CONSUMER_OFFSET, { consumerGroup, topic, queueId });
      const update = (
        fields: { consumerGroup?: string; topic?: string; queueId?: number },
        offset: number,
      ) => {
        const header = { consumerGroup, topic, queueId: 0, commitOffset: offset, ...fields };
        return client.call(RequestCode.UPDATE_CONSUMER_OFFSET, header);
      };
      return { client, topic, consumerGroup, query, update };
    }

    it('are kept by group, topic and queue, and may go back', async () => {
      const { query, update } = await open();
      expect((await update({}, 7)).code).toBe(ResponseCode.SUCCESS);
      await update({ queueId: 1 }, 9);
      const { code, remark } = await update({ consumerGroup: uniqueName('other') }, 1);
      expect(code).toBe(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST);
      expect(remark).toMatch(/^Group other-.* not exist!$/);
      expect((await query(0)).header!.offset).toBe(7);
      expect((await query(1)).header!.offset).toBe(9);
      await update({}, 3);
      expect((await query(0)).header!.offset).toBe(3);
    });

    it('of a queue without one: 0 while its first message is young, else none', async () => {
      const { query } = await open();
      expect((await query(1)).header!.offset).toBe(0);
      const { code, remark } = await query(0);
      expect(code).toBe(ResponseCode.QUERY_NOT_FOUND);
      expect(remark).toContain('Not found, V3_0_6_SNAPSHOT maybe this group consumer boot first');
    });

    it('are refused for a group or topic that cannot be, or an offset that is none', async ({ skip }) => {
      skip(cluster().isApache === true, 'it checks no offsets');
      const { update } = await open();
      const group = await update({ consumerGroup: 'a.b' }, 1);
      expect(group.code).toBe(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST);
      expect(group.remark).toBe('Group a.b not exist!');
      expect((await update({ topic: uniqueName('none') }, 1)).code).toBe(ResponseCode.TOPIC_NOT_EXIST);
      const code = await codeOf(update({}, Number.NaN), ResponseCode.INVALID_PARAMETER);
      expect(code).toBe(ResponseCode.INVALID_PARAMETER);
    });
  });
}

async function twoClients(cluster: Cluster): Promise<[TestClient, TestClient]> {
  return [await TestClient.open(cluster), await TestClient.open(cluster)];
}

/** Waits for notices, and that there is not one too many. */
async function noticesAfter(client: TestClient, count: number): Promise<void> {
  await eventually(() => client.pushed.length >= count);
  // One exchange later a surplus one would be here too.
  await client.route('TBW102');
  expect(client.pushed).toHaveLength(count);
}
