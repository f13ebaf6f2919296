import { describe, expect, it } from 'vitest';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { ResponseCode } from '../../lib/remoting/response-code.js';
import { byQueue, createTopic, open } from './admin-client.js';
import { uniqueName, type ClusterRef } from './cluster.js';

/** How far groups are, and where they go on: wire-protocol.md 2.3.7, 2.3.8. */
export function describeOffsetAdmin(cluster: ClusterRef): void {
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
