import { describe, expect, it } from 'vitest';
import type { EngineOptions } from '../../../../lib/engine/index.js';
import { RequestCode } from '../../../../lib/remoting/request-code.js';
import { ResponseCode } from '../../../../lib/remoting/response-code.js';
import { TestClient } from '../../../support/test-client.js';
import { startEngine, writeTable } from '../../../support/test-engine.js';
import { temporaryDirectory } from '../../../support/test-store.js';
import { settle } from '../../../support/virtual-clock.js';

const BY_HEARTBEAT = 0;

interface Tables {
  readonly groups?: Record<string, object>;
  readonly topics?: Record<string, object>;
  readonly forbidden?: Record<string, Record<string, number>>;
  readonly engine?: EngineOptions;
  readonly random?: () => number;
}

/** A client of a broker whose tables an administrator has set. */
async function open({ groups = {}, topics = {}, forbidden = {}, ...options }: Tables): Promise<TestClient> {
  const directory = temporaryDirectory();
  const tables = { subscriptionGroupTable: groups, forbiddenTable: forbidden };
  writeTable(directory, 'subscriptionGroup.json', tables);
  writeTable(directory, 'topics.json', { topicConfigTable: topics });
  return TestClient.open(await startEngine({ directory, ...options }));
}

describe('a broker', () => {
  it('lets no group pull that may not consume', async () => {
    const client = await open({ groups: { g: { consumeEnable: false } } });
    await client.send('t');
    const { code, remark } = await client.pull('t', 'g');
    expect(code).toBe(ResponseCode.NO_PERMISSION);
    expect(remark).toBe('subscription group no permission, g');
    expect((await client.pull('t', 'other')).code).toBe(ResponseCode.SUCCESS);
  });

  it('lets no group broadcast that may not', async () => {
    const client = await open({ groups: { g: { consumeBroadcastEnable: false } } });
    await client.send('t');
    await client.heartbeat('c1', 'g', { t: '*' }, { messageModel: 'BROADCASTING' });
    const { code, remark } = await client.pull('t', 'g', { sysFlag: BY_HEARTBEAT });
    expect(code).toBe(ResponseCode.NO_PERMISSION);
    expect(remark).toBe('the consumer group[g] can not consume by broadcast way');
    await client.heartbeat('c1', 'g', { t: '*' });
    expect((await client.pull('t', 'g', { sysFlag: BY_HEARTBEAT })).code).toBe(ResponseCode.SUCCESS);
  });

  it('lets a group not read what it is forbidden to', async () => {
    const client = await open({ forbidden: { g: { t: 4, u: 2 } } });
    for (const topic of ['t', 'u']) await client.send(topic);
    await client.heartbeat('c1', 'g', { t: '*', u: '*' });
    const { code, remark } = await client.pull('t', 'g', { sysFlag: BY_HEARTBEAT });
    expect(code).toBe(ResponseCode.NO_PERMISSION);
    expect(remark).toContain('the consumer group[g]');
    expect((await client.pull('u', 'g', { sysFlag: BY_HEARTBEAT })).code).toBe(ResponseCode.SUCCESS);
  });

  it('lets nobody read a topic that is not readable, but write it', async () => {
    const client = await open({ topics: { t: { perm: 2, readQueueNums: 1, writeQueueNums: 1 } } });
    expect((await client.send('t')).code).toBe(ResponseCode.SUCCESS);
    const { code, remark } = await client.pull('t', 'g');
    expect(code).toBe(ResponseCode.NO_PERMISSION);
    expect(remark).toBe('the topic[t] pulling message is forbidden');
  });

  it('takes messages of a topic that is not writable: clients look at the route', async () => {
    const client = await open({ topics: { t: { perm: 4 } } });
    expect((await client.send('t')).code).toBe(ResponseCode.SUCCESS);
  });

  it('takes the larger of both queue counts for a send, the readable ones for a pull', async () => {
    const client = await open({ topics: { t: { readQueueNums: 2, writeQueueNums: 3 } } });
    expect((await client.send('t', { queueId: 2 })).code).toBe(ResponseCode.SUCCESS);
    expect((await client.send('t', { queueId: 3 })).code).toBe(ResponseCode.INVALID_PARAMETER);
    expect((await client.pull('t', 'g', { queueId: 1 })).code).toBe(ResponseCode.PULL_NOT_FOUND);
    expect((await client.pull('t', 'g', { queueId: 2 })).code).toBe(ResponseCode.INVALID_PARAMETER);
  });

  it('creates no topic without autoCreateTopicEnable, save those of groups', async () => {
    const client = await open({ engine: { autoCreateTopicEnable: false } });
    const { code, remark } = await client.send('t');
    expect(code).toBe(ResponseCode.TOPIC_NOT_EXIST);
    expect(remark).toContain('topic[t] not exist, apply first please!');
    expect((await client.route('t')).code).toBe(ResponseCode.TOPIC_NOT_EXIST);
    expect((await client.route('TBW102')).code).toBe(ResponseCode.TOPIC_NOT_EXIST);
    expect((await client.send('%RETRY%g')).code).toBe(ResponseCode.SUCCESS);
  });

  it('creates no group without autoCreateSubscriptionGroup', async () => {
    const client = await open({ groups: { known: {} }, engine: { autoCreateSubscriptionGroup: false } });
    await client.send('t');
    const missing = ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST;
    expect((await client.pull('t', 'g')).code).toBe(missing);
    expect((await client.pull('t', 'known')).code).toBe(ResponseCode.SUCCESS);
    await client.heartbeat('c1', 'g', { t: '*' });
    expect(await client.consumerIds('g')).toBeUndefined();
    expect((await client.send('%RETRY%g')).code).toBe(missing);
    const offset = { consumerGroup: 'g', topic: 't', queueId: 0, commitOffset: 1 };
    expect((await client.call(RequestCode.UPDATE_CONSUMER_OFFSET, offset)).code).toBe(missing);
    // Groups of the system are never missing.
    expect((await client.pull('t', 'CID_RMQ_SYS_x')).code).toBe(ResponseCode.SUCCESS);
    expect((await client.pull('t', 'TOOLS_CONSUMER')).code).toBe(ResponseCode.SUCCESS);
  });

  it('sends no notices to a group that wants none', async () => {
    const client = await open({ groups: { g: { notifyConsumerIdsChangedEnable: false } } });
    await client.heartbeat('c1', 'g', {});
    await client.heartbeat('c1', 'h', {});
    await settle();
    expect(client.pushed.map(({ header }) => header)).toEqual([{ consumerGroup: 'h' }]);
  });

  describe('takes messages back', () => {
    async function sendBack(tables: Tables) {
      const client = await open(tables);
      await client.send('t');
      const response = await client.call(RequestCode.CONSUMER_SEND_MSG_BACK, {
        offset: 0,
        group: 'g',
        delayLevel: 3,
        originMsgId: '',
        originTopic: 't',
        maxReconsumeTimes: 16,
      });
      const schedule = { topic: 'SCHEDULE_TOPIC_XXXX', queueId: 2 };
      const { header } = await client.call(RequestCode.GET_MAX_OFFSET, schedule);
      return { client, code: response.code, remark: response.remark, delayed: header!.offset };
    }

    it('for a group with the defaults', async () => {
      const { code, delayed } = await sendBack({});
      expect(code).toBe(ResponseCode.SUCCESS);
      expect(delayed).toBe(1);
    });

    it('and drops them when the group has no retry queues', async () => {
      const { code, delayed } = await sendBack({ groups: { g: { retryQueueNums: 0 } } });
      expect(code).toBe(ResponseCode.SUCCESS);
      expect(delayed).toBe(0);
    });

    it('but not into a retry topic that is not writable', async () => {
      const { code, remark, delayed } = await sendBack({ topics: { '%RETRY%g': { perm: 4 } } });
      expect(code).toBe(ResponseCode.NO_PERMISSION);
      expect(remark).toBe('the topic[%RETRY%g] sending message is forbidden');
      expect(delayed).toBe(0);
    });

    it('into as many retry queues as the group has', async () => {
      const { client } = await sendBack({ groups: { g: { retryQueueNums: 3 } } });
      expect((await client.route('%RETRY%g')).body!.queueDatas[0]!.writeQueueNums).toBe(3);
    });

    it.each([
      [{ readQueueNums: 1, writeQueueNums: 4 }, '0'],
      [{ readQueueNums: 3, writeQueueNums: 2 }, '1'],
      [{ readQueueNums: 8, writeQueueNums: 8 }, '3'],
    ])('into none that consumers do not read: %j', async (queues, expected) => {
      const groups = { g: { retryQueueNums: 4 } };
      const { client } = await sendBack({ groups, topics: { '%RETRY%g': queues }, random: () => 0.99 });
      const [delayed] = await client.read('SCHEDULE_TOPIC_XXXX', 2);
      expect(delayed!.getProperty('REAL_QID')).toBe(expected);
    });
  });

  it('takes a message back as often as the group allows, where the request does not say', async () => {
    const client = await open({ groups: { g: { retryMaxTimes: 0 } } });
    await client.send('t');
    const header = { offset: 0, group: 'g', delayLevel: 0, originMsgId: '', originTopic: 't' };
    await client.call(RequestCode.CONSUMER_SEND_MSG_BACK, header);
    expect(await client.read('%DLQ%g')).toHaveLength(1);
  });

  it('makes a message dead after retryMaxTimes of the group', async () => {
    const client = await open({ groups: { g: { retryMaxTimes: 2 } } });
    await client.send('%RETRY%g', { reconsumeTimes: 2 });
    expect(await client.read('%RETRY%g')).toHaveLength(1);
    await client.send('%RETRY%g', { reconsumeTimes: 3 });
    expect(await client.read('%DLQ%g')).toHaveLength(1);
  });
});
