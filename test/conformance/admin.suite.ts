import { describe, expect, it } from 'vitest';
import { decodeMessages } from '../../lib/common/message-decoder.js';
import type { MessageQueue } from '../../lib/common/message-queue.js';
import type { CreateTopicRequestHeader } from '../../lib/remoting/header/create-topic-request-header.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { ResponseCode } from '../../lib/remoting/response-code.js';
import { TestClient } from '../support/test-client.js';
import { bodies } from '../support/test-peers.js';
import { uniqueName, type ClusterRef } from './cluster.js';

/** A value by queue id. */
const byQueue = <V>(table: ReadonlyMap<MessageQueue, V>): Record<number, V> =>
  Object.fromEntries([...table].map(([{ queueId }, value]) => [queueId, value]));

function createTopic(client: TestClient, topic: string, fields: Partial<CreateTopicRequestHeader> = {}) {
  return client.call(RequestCode.UPDATE_AND_CREATE_TOPIC, {
    topic,
    defaultTopic: 'TBW102',
    readQueueNums: 2,
    writeQueueNums: 2,
    perm: 6,
    topicFilterType: 'SINGLE_TAG',
    topicSysFlag: 0,
    order: false,
    ...fields,
  });
}

async function open(cluster: ClusterRef) {
  const client = await TestClient.open(cluster());
  return { client, topic: uniqueName('admin'), group: uniqueName('group') };
}

/** What administrators ask of name server and broker: wire-protocol.md 2.3.6 to 2.3.9. */
export function describeAdmin(cluster: ClusterRef): void {
  describeTopicAdmin(cluster);
  describeGroupAdmin(cluster);
  describeOffsetAdmin(cluster);
  describeBrokerInfo(cluster);
  describeNamesrvAdmin(cluster);
}

function describeTopicAdmin(cluster: ClusterRef): void {
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

function describeGroupAdmin(cluster: ClusterRef): void {
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
      const { others, ...fields } = (await find())!;
      expect(fields).toEqual({ ...config, others: undefined, ...fields });
      expect(fields.retryMaxTimes).toBe(3);
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

function describeOffsetAdmin(cluster: ClusterRef): void {
  async function openGroup() {
    const { client, topic, group } = await open(cluster);
    await createTopic(client, topic);
    await client.sendBatch(topic, [{}, {}, {}]);
    await client.heartbeat('c1', group, { [topic]: '*' });
    const queue = { topic, queueId: 0, consumerGroup: group };
    await client.call(RequestCode.UPDATE_CONSUMER_OFFSET, { ...queue, commitOffset: 2 });
    const reset = (fields: object) =>
      client.call(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, {
        topic,
        group,
        timestamp: 0,
        isForce: true,
        queueId: -1,
        offset: -1,
        ...fields,
      });
    const stored = async () => (await client.call(RequestCode.QUERY_CONSUMER_OFFSET, queue)).header!.offset;
    return { client, topic, group, queue, reset, stored };
  }

  it('GET_CONSUME_STATS, in all forms, says how far a group is', async () => {
    const { client, topic, group } = await openGroup();
    const [, second] = await client.read(topic);
    const expected = {
      brokerOffset: 3,
      consumerOffset: 2,
      pullOffset: 2,
      lastTimestamp: second!.storeTimestamp,
    };
    const header = { consumerGroup: group };
    for (const topics of [{}, { topic }, { topicList: `${topic};none` }]) {
      const { body } = await client.call(RequestCode.GET_CONSUME_STATS, { ...header, ...topics });
      expect(byQueue(body!.offsetTable)[0]).toEqual(expected);
      expect(body!.offsetTable.size).toBe(2);
    }
    const unknown = await client.call(RequestCode.GET_CONSUME_STATS, { consumerGroup: uniqueName('g') });
    expect(unknown.body!.offsetTable.size).toBe(0);
    const { body } = await client.call(RequestCode.GET_BROKER_CONSUME_STATS, { isOrder: false });
    const stats = body!.consumeStatsList.find((groups) => groups.has(group))!.get(group)!;
    expect(byQueue(stats[0]!.offsetTable)[0]).toMatchObject({ brokerOffset: 3, consumerOffset: 2 });
    // Other groups may have committed more than there is.
    expect(body!.totalDiff).toSatisfy(Number.isSafeInteger);
  });

  it('QUERY_CONSUME_TIME_SPAN says it in time', async () => {
    const { client, topic, group } = await openGroup();
    const [message] = await client.read(topic);
    const time = message!.storeTimestamp;
    const { body } = await client.call(RequestCode.QUERY_CONSUME_TIME_SPAN, { topic, group });
    const span = body!.consumeTimeSpanSet.find(({ messageQueue }) => messageQueue.queueId === 0)!;
    expect(span).toMatchObject({ minTimeStamp: time, maxTimeStamp: time, consumeTimeStamp: time });
    expect(span.delayTime).toBeGreaterThanOrEqual(0);
    const none = await client.call(RequestCode.QUERY_CONSUME_TIME_SPAN, { topic: uniqueName('t'), group });
    expect(none.code).toBe(ResponseCode.TOPIC_NOT_EXIST);
  });

  describe('INVOKE_BROKER_TO_RESET_OFFSET', () => {
    it.each([
      ['to the beginning', { timestamp: 0 }, 0],
      ['to the end', { timestamp: -1 }, 3],
      ['to an offset', { queueId: 0, offset: 1 }, 1],
    ])('sets the offset %s, which the next pull is answered with', async (_what, fields, expected) => {
      const { client, topic, group, queue, reset, stored } = await openGroup();
      const { code, body } = await reset(fields);
      expect(code).toBe(0);
      expect(byQueue(body!.offsetTable)[0]).toBe(expected);
      expect(await stored()).toBe(expected);
      // What the consumer commits before it knows of the reset is ignored.
      await client.call(RequestCode.UPDATE_CONSUMER_OFFSET, { ...queue, commitOffset: 3 });
      expect(await stored()).toBe(expected);
      const pull = await client.pull(topic, group, { queueOffset: 2 });
      expect(pull.code).toBe(ResponseCode.PULL_OFFSET_MOVED);
      expect(pull.header!.nextBeginOffset).toBe(expected);
      expect((await client.pull(topic, group, { queueOffset: 2 })).code).toBe(ResponseCode.SUCCESS);
      await client.call(RequestCode.UPDATE_CONSUMER_OFFSET, { ...queue, commitOffset: 3 });
      expect(await stored()).toBe(3);
    });

    it('refuses what cannot be', async () => {
      const { reset } = await openGroup();
      expect((await reset({ topic: uniqueName('t') })).code).toBe(ResponseCode.TOPIC_NOT_EXIST);
      expect((await reset({ group: uniqueName('g') })).code).toBe(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST);
      expect((await reset({ queueId: 0, offset: 5 })).code).toBe(ResponseCode.SYSTEM_ERROR);
    });
  });

  it('CLONE_GROUP_OFFSET gives another group the same offsets', async () => {
    const { client, topic, group } = await openGroup();
    const destGroup = uniqueName('group');
    const header = { srcGroup: group, destGroup, topic, offline: true };
    expect((await client.call(RequestCode.CLONE_GROUP_OFFSET, header)).code).toBe(0);
    const queue = { topic, queueId: 0, consumerGroup: destGroup };
    expect((await client.call(RequestCode.QUERY_CONSUMER_OFFSET, queue)).header!.offset).toBe(2);
  });
}

function describeBrokerInfo(cluster: ClusterRef): void {
  it('GET_BROKER_RUNTIME_INFO has what dashboards read, as numbers', async () => {
    const { client, topic } = await open(cluster);
    await client.send(topic);
    const { body } = await client.call(RequestCode.GET_BROKER_RUNTIME_INFO, undefined);
    const table = body!.table;
    for (const name of ['putTps', 'getTotalTps', 'getTransferredTps', 'getFoundTps', 'getMissTps']) {
      const numbers = table.get(name)!.trim().split(' ').map(Number);
      expect(numbers, name).toHaveLength(3);
      expect(numbers.every(Number.isFinite), name).toBe(true);
    }
    for (const name of RUNTIME_NUMBERS) expect(Number(table.get(name)), name).not.toBeNaN();
    expect(table.get('brokerVersionDesc')).toBe('V5_3_3');
    expect(table.get('runtime')).toMatch(/^\[ \d+ days, \d+ hours, \d+ minutes, \d+ seconds \]$/);
    expect(Number(table.get('putMessageTimesTotal'))).toBeGreaterThan(0);
    expect(Number(table.get('commitLogMaxOffset'))).toBeGreaterThan(0);
  });

  it('GET_BROKER_CONFIG is the text of its properties, with a version', async () => {
    const { client } = await open(cluster);
    const { header, body } = await client.call(RequestCode.GET_BROKER_CONFIG, undefined);
    expect(JSON.parse(header!.version)).toMatchObject({ stateVersion: 0 });
    expect(body!.toString().split('\n')).toContain(`brokerName=${client.brokerName}`);
  });

  it('VIEW_BROKER_STATS_DATA refuses what is not counted', async () => {
    const { client, topic } = await open(cluster);
    const view = (statsName: string) =>
      client.call(RequestCode.VIEW_BROKER_STATS_DATA, { statsName, statsKey: topic });
    for (const statsName of ['TOPIC_PUT_NUMS', 'NONSENSE', '__proto__']) {
      const { code, remark } = await view(statsName);
      expect(code).toBe(ResponseCode.SYSTEM_ERROR);
      expect(remark).toBe(`The stats <${statsName}> <${topic}> not exist`);
    }
    await client.send(topic);
    expect((await view('TOPIC_PUT_NUMS')).code).toBe(ResponseCode.SUCCESS);
  });

  it('a question for a consumer that is not there is refused', async () => {
    const { client, group } = await open(cluster);
    const header = { consumerGroup: group, clientId: 'c1', jstackEnable: false };
    const { code, remark } = await client.call(RequestCode.GET_CONSUMER_RUNNING_INFO, header);
    expect(code).toBe(ResponseCode.SYSTEM_ERROR);
    expect(remark).toBe(`The Consumer <${group}> <c1> not online`);
    const status = { group, topic: 't' };
    const answer = await client.call(RequestCode.INVOKE_BROKER_TO_GET_CONSUMER_STATUS, status);
    expect(answer.code).toBe(ResponseCode.CONSUMER_NOT_ONLINE);
  });

  it('hands the record of a message to the consumer that is named, and its answer back', async () => {
    const { client, topic, group } = await open(cluster);
    const { header } = await client.send(topic, { body: 'again' });
    const consumer = await TestClient.open(cluster());
    const result = { order: true, autoCommit: true, consumeResult: 'CR_LATER', spentTimeMills: 7 };
    consumer.answer = () => result;
    await consumer.heartbeat('c1', group, { [topic]: '*' });
    const asked = { consumerGroup: group, clientId: 'c1', msgId: header!.msgId, topic };
    const { code, body } = await client.call(RequestCode.CONSUME_MESSAGE_DIRECTLY, asked, Buffer.alloc(0));
    expect(code).toBe(0);
    expect(body).toEqual(result);
    const request = consumer.pushed.find((one) => one.code === RequestCode.CONSUME_MESSAGE_DIRECTLY)!;
    expect(request.header).toMatchObject({ consumerGroup: group, brokerName: client.brokerName });
    expect(bodies(decodeMessages(request.body as Buffer))).toEqual(['again']);
  });
}

const RUNTIME_NUMBERS = [
  'msgPutTotalTodayMorning',
  'msgPutTotalTodayNow',
  'msgPutTotalYesterdayMorning',
  'msgGetTotalTodayMorning',
  'msgGetTotalTodayNow',
  'msgGetTotalYesterdayMorning',
  'bootTimestamp',
  'commitLogMinOffset',
  'commitLogMaxOffset',
  'commitLogDiskRatio',
  'consumeQueueDiskRatio',
  'dispatchBehindBytes',
  'dispatchMaxBuffer',
  'pageCacheLockTimeMills',
  'earliestMessageTimeStamp',
  'putMessageAverageSize',
  'putMessageEntireTimeMax',
  'putMessageFailedTimes',
  'putMessageSizeTotal',
  'putMessageTimesTotal',
  'getMessageEntireTimeMax',
  'putLatency99',
  'putLatency999',
  'sendThreadPoolQueueSize',
  'sendThreadPoolQueueCapacity',
  'sendThreadPoolQueueHeadWaitTimeMills',
  'pullThreadPoolQueueHeadWaitTimeMills',
  'queryThreadPoolQueueSize',
  'litePullThreadPoolQueueSize',
  'ackThreadPoolQueueSize',
  'timerReadBehind',
  'timerCongestNum',
  'timerEnqueueTps',
];

function describeNamesrvAdmin(cluster: ClusterRef): void {
  describe('the name server', () => {
    it('lists topics, of all brokers and of a cluster', async () => {
      const { client, topic } = await open(cluster);
      await createTopic(client, topic);
      const all = await client.callNamesrv(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, undefined);
      expect(all.body!.topicList).toContain(topic);
      const list = async (name: string) =>
        (await client.callNamesrv(RequestCode.GET_TOPICS_BY_CLUSTER, { cluster: name })).body!.topicList;
      expect(await list('DefaultCluster')).toContain(topic);
      expect(await list('none')).toEqual([]);
    });

    it('forgets a topic that the broker has deleted', async () => {
      const { client, topic } = await open(cluster);
      await createTopic(client, topic);
      await client.call(RequestCode.DELETE_TOPIC_IN_BROKER, { topic });
      const header = { topic, clusterName: 'DefaultCluster' };
      expect((await client.callNamesrv(RequestCode.DELETE_TOPIC_IN_NAMESRV, header)).code).toBe(0);
      expect((await client.route(topic)).code).toBe(ResponseCode.TOPIC_NOT_EXIST);
    });

    it('keeps keys and values', async () => {
      const { client, topic: namespace } = await open(cluster);
      const put = (key: string, value: string) =>
        client.callNamesrv(RequestCode.PUT_KV_CONFIG, { namespace, key, value });
      const get = (key: string) => client.callNamesrv(RequestCode.GET_KV_CONFIG, { namespace, key });
      expect((await client.callNamesrv(RequestCode.GET_KVLIST_BY_NAMESPACE, { namespace })).code).toBe(22);
      expect((await put('__proto__', 'one')).code).toBe(0);
      await put('b', 'zwei äöü');
      expect((await get('__proto__')).header).toEqual({ value: 'one' });
      expect((await get('c')).code).toBe(ResponseCode.QUERY_NOT_FOUND);
      const list = await client.callNamesrv(RequestCode.GET_KVLIST_BY_NAMESPACE, { namespace });
      expect(list.body!.table.get('b')).toBe('zwei äöü');
      await client.callNamesrv(RequestCode.DELETE_KV_CONFIG, { namespace, key: 'b' });
      expect((await get('b')).code).toBe(ResponseCode.QUERY_NOT_FOUND);
    });

    it('takes the write permission of a broker away, and gives it back', async () => {
      const { client, topic } = await open(cluster);
      await createTopic(client, topic);
      const { brokerName } = client;
      const perm = async () => (await client.route(topic)).body!.queueDatas[0]!.perm;
      const wiped = await client.callNamesrv(RequestCode.WIPE_WRITE_PERM_OF_BROKER, { brokerName });
      expect(wiped.header!.wipeTopicCount).toBeGreaterThan(1);
      expect(await perm()).toBe(4);
      const added = await client.callNamesrv(RequestCode.ADD_WRITE_PERM_OF_BROKER, { brokerName });
      expect(added.header!.addTopicCount).toBe(wiped.header!.wipeTopicCount);
      expect(await perm()).toBe(6);
    });
  });
}
