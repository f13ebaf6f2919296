import { expect, it } from 'vitest';
import { decodeMessages } from '../../lib/common/message-decoder.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { ResponseCode } from '../../lib/remoting/response-code.js';
import { TestClient } from '../support/test-client.js';
import { bodies } from '../support/test-peers.js';
import { open } from './admin-client.js';
import type { ClusterRef } from './cluster.js';

/** What a broker says of itself, and of its consumers: wire-protocol.md 2.3.7, 3.7. */
export function describeBrokerInfo(cluster: ClusterRef): void {
  it('GET_BROKER_RUNTIME_INFO has what dashboards read, as numbers', async () => {
    const { client, topic } = await open(cluster);
    await client.send(topic);
    const { body } = await client.call(RequestCode.GET_BROKER_RUNTIME_INFO, undefined);
    const table = body!.table;
    for (const name of ['putTps', 'getTotalTps', 'getTransferredTps', 'getFoundTps', 'getMissTps']) {
      const numbers = table.get(name)!.trim().split(' ').map(Number);
      // Apache's broker leaves out what it has not been running for.
      expect(numbers.length, name).toBe(cluster().isApache === true ? numbers.length : 3);
      expect(numbers.every(Number.isFinite), name).toBe(true);
    }
    for (const name of RUNTIME_NUMBERS) expect(Number(table.get(name)), name).not.toBeNaN();
    const { version = '5.3.3' } = cluster();
    expect(table.get('brokerVersionDesc')).toBe(`V${version.replaceAll('.', '_')}`);
    expect(table.get('runtime')).toMatch(/^\[ \d+ days, \d+ hours, \d+ minutes, \d+ seconds \]$/);
    expect(Number(table.get('putMessageTimesTotal'))).toBeGreaterThan(0);
    expect(Number(table.get('commitLogMaxOffset'))).toBeGreaterThan(0);
  });

  it('GET_BROKER_RUNTIME_INFO counts timed messages that wait', async () => {
    const { client, topic } = await open(cluster);
    await client.send(topic, { properties: { TIMER_DELAY_SEC: '60' } });
    const timers = async () => {
      const { table } = (await client.call(RequestCode.GET_BROKER_RUNTIME_INFO, undefined)).body!;
      const { timerCongestNum, timerOffsetBehind, timerReadBehind } = Object.fromEntries(table);
      return [Number(timerCongestNum) > 0, timerOffsetBehind, Number(timerReadBehind) <= 2];
    };
    await expect.poll(timers, { timeout: 10_000 }).toEqual([true, '0', true]);
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
    // Apache's broker fails on it.
    const expected = cluster().isApache === true ? 'SYSTEM_ERROR' : 'CONSUMER_NOT_ONLINE';
    expect(answer.code).toBe(ResponseCode[expected]);
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
