import { describe, expect, it } from 'vitest';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { ResponseCode } from '../../lib/remoting/response-code.js';
import { MQAdminImpl } from '../../lib/client/index.js';
import { bodies, startInstance } from '../support/test-peers.js';
import { byQueue, createTopic, open } from './admin-client.js';
import { uniqueName, type ClusterRef } from './cluster.js';

/** Topics and their queues: wire-protocol.md 2.3.6, 2.3.7. */
export function describeTopicAdmin(cluster: ClusterRef): void {
  describe('UPDATE_AND_CREATE_TOPIC', () => {
    it('creates a topic with attributes, and changes it', async () => {
      const { client, topic } = await open(cluster);
      expect((await createTopic(client, topic, { attributes: '+message.type=FIFO' })).code).toBe(0);
      const config = async () => (await client.call(RequestCode.GET_TOPIC_CONFIG, { topic })).body!;
      expect(await config()).toMatchObject({
        topicName: topic,
        readQueueNums: 2,
        writeQueueNums: 2,
        perm: 6,
      });
      expect((await config()).others.get('attributes')).toEqual(new Map([['message.type', 'FIFO']]));
      const changes = { readQueueNums: 4, perm: 4, order: true, attributes: '+message.type=NORMAL' };
      expect((await createTopic(client, topic, changes)).code).toBe(0);
      expect(await config()).toMatchObject({ readQueueNums: 4, writeQueueNums: 2, perm: 4, order: true });
      expect((await config()).others.get('attributes')).toEqual(new Map([['message.type', 'NORMAL']]));
      const { body } = await client.call(RequestCode.GET_ALL_TOPIC_CONFIG, undefined);
      expect(body!.topicConfigTable.get(topic)).toMatchObject({ readQueueNums: 4, order: true });
    });

    it('registers the topic, and passes over what changes nothing', async () => {
      const { client, topic } = await open(cluster);
      await createTopic(client, topic);
      const version = async () =>
        (await client.call(RequestCode.GET_ALL_TOPIC_CONFIG, undefined)).body!.dataVersion;
      const before = await version();
      expect((await createTopic(client, topic)).code).toBe(0);
      expect(await version()).toEqual(before);
      expect((await client.route(topic)).body!.queueDatas).toEqual([
        expect.objectContaining({ readQueueNums: 2, writeQueueNums: 2, perm: 6 }),
      ]);
    });

    it.each([
      ['a name with a dot', 'a.b', {}, ResponseCode.INVALID_PARAMETER],
      ['a blank name', ' ', {}, ResponseCode.INVALID_PARAMETER],
      ['a name that is too long', 'x'.repeat(128), {}, ResponseCode.INVALID_PARAMETER],
      ['a system topic', 'TBW102', {}, ResponseCode.INVALID_PARAMETER],
      ['the topic of the cluster', 'DefaultCluster', {}, ResponseCode.INVALID_PARAMETER],
      ['an unknown attribute', undefined, { attributes: '+colour=red' }, ResponseCode.SYSTEM_ERROR],
      ['a bad attribute', undefined, { attributes: '+message.type=RED' }, ResponseCode.SYSTEM_ERROR],
      ['an attribute twice', undefined, { attributes: '+a=1,+a=2' }, ResponseCode.SYSTEM_ERROR],
      ['mixed types', undefined, { attributes: '+message.type=MIXED' }, ResponseCode.INVALID_PARAMETER],
    ])('refuses %s', async (_what, name, fields, expected) => {
      const { client, topic } = await open(cluster);
      const { code, remark } = await createTopic(client, name ?? topic, fields);
      expect(code).toBe(expected);
      expect(remark).toBeTruthy();
    });
  });

  describe('createTopic of a client', () => {
    it('gives a new topic eight queues, or as many as are asked for', async () => {
      const { client, topic } = await open(cluster);
      const admin = new MQAdminImpl(startInstance(cluster()));
      const queues = async (name: string) =>
        (await client.call(RequestCode.GET_TOPIC_CONFIG, { topic: name })).body;
      await admin.createTopic(topic);
      const created = { perm: 6, order: false, topicSysFlag: 0 };
      expect(await queues(topic)).toMatchObject({ readQueueNums: 8, writeQueueNums: 8, ...created });
      await admin.createTopic(`${topic}-5`, 5);
      expect(await queues(`${topic}-5`)).toMatchObject({ readQueueNums: 5, writeQueueNums: 5, ...created });
    });

    it('leaves one that is there as it is, but for queues that are added', async () => {
      const { client, topic } = await open(cluster);
      const admin = new MQAdminImpl(startInstance(cluster()));
      const config = async () => (await client.call(RequestCode.GET_TOPIC_CONFIG, { topic })).body!;
      const special = { perm: 4, order: true, topicSysFlag: 1, attributes: '+message.type=FIFO' };
      await createTopic(client, topic, { readQueueNums: 16, writeQueueNums: 12, ...special });
      const before = await config();
      await admin.createTopic(topic);
      expect(await config()).toEqual(before);
      await expect(admin.createTopic(topic, 15)).rejects.toThrow(
        `Topic ${topic} has 16 queues in broker ${client.brokerName}, and createTopic takes none away: ask for 16 or more instead of 15`,
      );
      expect(await config()).toEqual(before);
      await admin.createTopic(topic, 20);
      expect(await config()).toEqual({ ...before, readQueueNums: 20, writeQueueNums: 20 });
    });
  });

  describe('DELETE_TOPIC_IN_BROKER', () => {
    it('deletes a topic with its messages and offsets, and one of its name begins anew', async () => {
      const { client, topic, group } = await open(cluster);
      await createTopic(client, topic);
      await client.sendBatch(topic, [{}, {}]);
      await client.heartbeat('c1', group, { [topic]: '*' });
      const queue = { topic, queueId: 0 };
      const offset = { ...queue, consumerGroup: group, commitOffset: 2 };
      await client.call(RequestCode.UPDATE_CONSUMER_OFFSET, offset);
      expect((await client.call(RequestCode.DELETE_TOPIC_IN_BROKER, { topic })).code).toBe(0);
      expect((await client.call(RequestCode.GET_TOPIC_CONFIG, { topic })).code).toBe(17);
      expect((await client.call(RequestCode.GET_MAX_OFFSET, queue)).header!.offset).toBe(0);
      const { body } = await client.call(RequestCode.QUERY_TOPICS_BY_CONSUMER, { group });
      expect(body!.topicList).not.toContain(topic);
      await createTopic(client, topic);
      const sent = await client.send(topic, { body: 'new' });
      expect(sent.header!.queueOffset).toBe(0);
      expect(bodies(await client.read(topic))).toEqual(['new']);
    });

    it('passes over a topic that there is not, and refuses a system topic', async () => {
      const { client, topic } = await open(cluster);
      expect((await client.call(RequestCode.DELETE_TOPIC_IN_BROKER, { topic })).code).toBe(0);
      const { code } = await client.call(RequestCode.DELETE_TOPIC_IN_BROKER, {
        topic: 'SCHEDULE_TOPIC_XXXX',
      });
      expect(code).toBe(ResponseCode.INVALID_PARAMETER);
    });
  });

  it('GET_TOPIC_STATS_INFO says what each queue holds', async () => {
    const { client, topic } = await open(cluster);
    await createTopic(client, topic, { writeQueueNums: 3 });
    await client.sendBatch(topic, [{}, {}], { queueId: 1 });
    const [message] = await client.read(topic, 1);
    const { body } = await client.call(RequestCode.GET_TOPIC_STATS_INFO, { topic });
    const empty = { minOffset: 0, maxOffset: 0, lastUpdateTimestamp: 0 };
    const filled = { minOffset: 0, maxOffset: 2, lastUpdateTimestamp: message!.storeTimestamp };
    expect(byQueue(body!.offsetTable)).toEqual({ 0: empty, 1: filled, 2: empty });
    const unknown = await client.call(RequestCode.GET_TOPIC_STATS_INFO, { topic: uniqueName('none') });
    expect(unknown.code).toBe(ResponseCode.TOPIC_NOT_EXIST);
  });

  it('GET_SYSTEM_TOPIC_LIST names what is not for applications', async () => {
    const { client } = await open(cluster);
    const ofBroker = await client.call(RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_BROKER, undefined);
    const expected = ['TBW102', 'SCHEDULE_TOPIC_XXXX', 'DefaultCluster', client.brokerName];
    expect(ofBroker.body!.topicList).toEqual(expect.arrayContaining(expected));
    const { body } = await client.callNamesrv(RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS, undefined);
    expect(body!.topicList).toEqual(expect.arrayContaining(['DefaultCluster', client.brokerName]));
    expect(body!.brokerAddr).toMatch(/:\d+$/);
  });

  it('QUERY_CONSUME_QUEUE shows the entries of a queue', async () => {
    const { client, topic } = await open(cluster);
    await client.sendBatch(topic, [{}, {}, {}]);
    const [, second] = await client.read(topic);
    const query = (fields: object) =>
      client.call(RequestCode.QUERY_CONSUME_QUEUE, { topic, queueId: 0, index: 1, count: 1, ...fields });
    const { body } = await query({ consumerGroup: 'nobody' });
    expect(body).toMatchObject({
      minQueueIndex: 0,
      maxQueueIndex: 3,
      filterData: `nobody@${topic} is not online!`,
      queueData: [{ physicOffset: second!.commitLogOffset, physicSize: second!.storeSize, tagsCode: 0 }],
    });
  });
}
