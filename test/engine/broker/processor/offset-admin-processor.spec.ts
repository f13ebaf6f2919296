import { describe, expect, it, vi } from 'vitest';
import { RequestCode } from '../../../../lib/remoting/request-code.js';
import { ResponseCode } from '../../../../lib/remoting/response-code.js';
import { createTopic } from '../../../conformance/admin-client.js';
import { TestClient } from '../../../support/test-client.js';
import { startEngine } from '../../../support/test-engine.js';
import { VirtualClock } from '../../../support/virtual-clock.js';

async function open() {
  const client = await TestClient.open(await startEngine());
  await createTopic(client, 't', { readQueueNums: 3, writeQueueNums: 2 });
  await client.heartbeat('c1', 'g', { t: '*' });
  const commit = (queueId: number, consumerGroup = 'g', topic = 't') =>
    client.call(RequestCode.UPDATE_CONSUMER_OFFSET, { consumerGroup, topic, queueId, commitOffset: 7 });
  const offset = async (queueId: number, consumerGroup = 'g') => {
    const header = { consumerGroup, topic: 't', queueId };
    return (await client.call(RequestCode.QUERY_CONSUMER_OFFSET, header)).header?.offset;
  };
  return { client, commit, offset };
}

describe('offsets of a group', () => {
  it('are taken for queues that the topic has, or had when the group came to them', async () => {
    const { client, commit, offset } = await open();
    expect((await commit(2)).code).toBe(0);
    expect((await commit(3)).code).toBe(ResponseCode.INVALID_PARAMETER);
    await createTopic(client, 't', { readQueueNums: 1, writeQueueNums: 1 });
    expect((await commit(2)).code).toBe(0);
    expect((await commit(1)).code).toBe(ResponseCode.INVALID_PARAMETER);
    expect([await offset(1), await offset(2)]).toEqual([undefined, 7]);
  });

  it('are cloned for what can be a group, which they make one', async () => {
    const { client, commit, offset } = await open();
    await commit(0);
    const clone = (destGroup: string) =>
      client.call(RequestCode.CLONE_GROUP_OFFSET, { srcGroup: 'g', destGroup, topic: 't', offline: true });
    for (const illegal of ['a@b', '', 'x'.repeat(256)])
      expect((await clone(illegal)).code).toBe(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST);
    expect(await offset(0, 'a@b')).not.toBe(7);
    expect((await clone('h')).code).toBe(0);
    expect((await commit(1, 'h')).code).toBe(0);
    expect(await offset(0, 'h')).toBe(7);
  });

  it('are not told of when they are too many for an answer', async () => {
    const { client, commit } = await open();
    await createTopic(client, 'big', { readQueueNums: 65_536 });
    const groups = ['g1', 'g2', 'g3'];
    for (const group of groups) {
      await client.heartbeat('c1', group, { big: '*' });
      await commit(0, group, 'big');
    }
    const { code, remark } = await client.call(RequestCode.GET_BROKER_CONSUME_STATS, { isOrder: false });
    expect([code, remark]).toEqual([
      ResponseCode.SYSTEM_ERROR,
      'more than 131072 queues are too many for an answer: ask for groups by themselves',
    ]);
    const one = await client.call(RequestCode.GET_CONSUME_STATS, { consumerGroup: 'g1' });
    expect(one.body!.offsetTable.size).toBe(65_536);
  });

  it('are reset of many queues without keeping the event loop', async () => {
    const clock = new VirtualClock();
    const client = await TestClient.open(await startEngine({ clock }));
    await createTopic(client, 'big', { readQueueNums: 4000 });
    await client.heartbeat('c1', 'g', { big: '*' });
    const turns = vi.spyOn(clock, 'setImmediate');
    const header = { topic: 'big', group: 'g', timestamp: 0, isForce: true, queueId: -1, offset: -1 };
    const { code, body } = await client.call(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, header);
    expect([code, body?.offsetTable.size]).toEqual([ResponseCode.SUCCESS, 4000]);
    expect(turns.mock.calls.length).toBeGreaterThanOrEqual(100);
  });
});
