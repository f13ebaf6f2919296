import { describe, expect, it } from 'vitest';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { ResponseCode } from '../../lib/remoting/response-code.js';
import { open } from './admin-client.js';
import { uniqueName, type ClusterRef } from './cluster.js';

/** Groups and their members: wire-protocol.md 2.3.6, 2.3.7. */
export function describeGroupAdmin(cluster: ClusterRef): void {
  describe('UPDATE_AND_CREATE_SUBSCRIPTIONGROUP', () => {
    it('creates a group, replaces it, and DELETE_SUBSCRIPTIONGROUP forgets it', async () => {
      const { client, group } = await open(cluster);
      const config = {
        groupName: group,
        consumeEnable: true,
        consumeBroadcastEnable: false,
        retryQueueNums: 2,
        retryMaxTimes: 3,
        notifyConsumerIdsChangedEnable: true,
        others: new Map([['consumeTimeoutMinute', 5]]),
      };
      const update = (body: typeof config) =>
        client.call(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, undefined, body);
      const find = async () =>
        (
          await client.call(RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG, undefined)
        ).body!.subscriptionGroupTable.get(group);
      expect((await update(config)).code).toBe(0);
      const { others: _, ...expected } = config;
      const { others, ...fields } = (await find())!;
      expect(fields).toEqual(expected);
      expect(others.get('consumeTimeoutMinute')).toBe(5);
      await update({ ...config, retryMaxTimes: 4 });
      const one = await client.call(RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, { group });
      expect(one.body!.retryMaxTimes).toBe(4);
      const deletion = { groupName: group, cleanOffset: true };
      expect((await client.call(RequestCode.DELETE_SUBSCRIPTIONGROUP, deletion)).code).toBe(0);
      expect(await find()).toBeUndefined();
    });

    it('forgets offsets only when it is told to', async () => {
      const { client, topic, group } = await open(cluster);
      await client.send(topic);
      await client.heartbeat('c1', group, { [topic]: '*' });
      const queue = { topic, queueId: 0, consumerGroup: group };
      await client.call(RequestCode.UPDATE_CONSUMER_OFFSET, { ...queue, commitOffset: 1 });
      const topics = async () =>
        (await client.call(RequestCode.QUERY_TOPICS_BY_CONSUMER, { group })).body!.topicList;
      await client.call(RequestCode.DELETE_SUBSCRIPTIONGROUP, { groupName: group, cleanOffset: false });
      expect(await topics()).toEqual([topic]);
      await client.call(RequestCode.DELETE_SUBSCRIPTIONGROUP, { groupName: group, cleanOffset: true });
      expect(await topics()).toEqual([]);
    });
  });

  describe('connections', () => {
    it('of consumers and producers are listed with what they subscribe to', async () => {
      const { client, topic, group } = await open(cluster);
      await client.send(topic);
      await client.heartbeat('c1', group, { [topic]: 'a || b' });
      const { body } = await client.call(RequestCode.GET_CONSUMER_CONNECTION_LIST, { consumerGroup: group });
      expect(body).toMatchObject({
        connectionSet: [{ clientId: 'c1', language: 'OTHER', version: 479 }],
        consumeType: 'CONSUME_PASSIVELY',
        messageModel: 'CLUSTERING',
        consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
      });
      expect(body!.connectionSet[0]!.clientAddr).toMatch(/^127\.0\.0\.1:\d+$/);
      expect(body!.subscriptionTable.get(topic)!.tagsSet).toEqual(new Set(['a', 'b']));
      await client.producerHeartbeat('c1', group);
      const producers = await client.call(RequestCode.GET_PRODUCER_CONNECTION_LIST, { producerGroup: group });
      expect(producers.body!.connectionSet).toMatchObject([{ clientId: 'c1', language: 'OTHER' }]);
      const all = await client.call(RequestCode.GET_ALL_PRODUCER_INFO, undefined);
      expect(all.body!.data.get(group)).toMatchObject([{ clientId: 'c1', version: 479 }]);
    });

    it('of a group that is not online there are none', async () => {
      const { client, group } = await open(cluster);
      const consumers = await client.call(RequestCode.GET_CONSUMER_CONNECTION_LIST, { consumerGroup: group });
      expect(consumers.code).toBe(ResponseCode.CONSUMER_NOT_ONLINE);
      expect(consumers.remark).toBe(`the consumer group[${group}] not online`);
      const producers = await client.call(RequestCode.GET_PRODUCER_CONNECTION_LIST, { producerGroup: group });
      expect(producers.code).toBe(ResponseCode.SYSTEM_ERROR);
    });

    it('of a producer that has left are forgotten', async () => {
      const { client, group } = await open(cluster);
      await client.producerHeartbeat('c1', group);
      await client.call(RequestCode.UNREGISTER_CLIENT, { clientID: 'c1', producerGroup: group });
      const { code } = await client.call(RequestCode.GET_PRODUCER_CONNECTION_LIST, { producerGroup: group });
      expect(code).toBe(ResponseCode.SYSTEM_ERROR);
    });
  });

  it('who consumes a topic, and what a group consumes, is known', async () => {
    const { client, topic, group } = await open(cluster);
    const other = uniqueName('group');
    await client.send(topic);
    await client.heartbeat('c1', group, { [topic]: 'x' });
    const subscription = await client.call(RequestCode.QUERY_SUBSCRIPTION_BY_CONSUMER, { group, topic });
    expect(subscription.body).toMatchObject({ group, topic, subscriptionData: { subString: 'x' } });
    const none = await client.call(RequestCode.QUERY_SUBSCRIPTION_BY_CONSUMER, { group: other, topic });
    expect(none.body!.subscriptionData).toBeUndefined();
    await client.heartbeat('c1', other, {});
    const offset = { topic, queueId: 0, consumerGroup: other, commitOffset: 1 };
    await client.call(RequestCode.UPDATE_CONSUMER_OFFSET, offset);
    const { body } = await client.call(RequestCode.QUERY_TOPIC_CONSUME_BY_WHO, { topic });
    // Apache's broker lists the live part wrongly.
    expect(body!.groupList).toContain(other);
    if (cluster().isApache !== true) expect(body!.groupList.toSorted()).toEqual([group, other].toSorted());
    const topics = await client.call(RequestCode.QUERY_TOPICS_BY_CONSUMER, { group: other });
    expect(topics.body!.topicList).toEqual([topic]);
  });

  it('CHECK_CLIENT_CONFIG accepts tags', async () => {
    const { client, topic, group } = await open(cluster);
    const subscriptionData = client.subscription(topic, 'a');
    const body = { clientId: 'c1', group, subscriptionData };
    expect((await client.call(RequestCode.CHECK_CLIENT_CONFIG, undefined, body)).code).toBe(0);
  });
}
