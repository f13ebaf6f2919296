import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { EngineOptions } from '../../../../lib/engine/index.js';
import { createTopic } from '../../../conformance/admin-client.js';
import { TestClient } from '../../../support/test-client.js';
import { readTable, startEngine, writeTable } from '../../../support/test-engine.js';
import { temporaryDirectory } from '../../../support/test-store.js';
import { SimulatedDisk } from '../../../support/simulated-file-system.js';
import { VirtualClock } from '../../../support/virtual-clock.js';
import { MAX_TOPICS } from '../../../../lib/engine/broker/topic/topic-config-manager.js';
import { RequestCode } from '../../../../lib/remoting/request-code.js';
import { ResponseCode } from '../../../../lib/remoting/response-code.js';

const LONG_GROUP = 'g'.repeat(255);

describe('TopicConfigManager', () => {
  it('creates the topics of the system', async () => {
    const client = await TestClient.open(await startEngine());
    const queues = async (topic: string) => {
      const { body } = await client.route(topic);
      const { readQueueNums, writeQueueNums, perm } = body!.queueDatas[0]!;
      return [readQueueNums, writeQueueNums, perm];
    };
    expect(await queues('SELF_TEST_TOPIC')).toEqual([1, 1, 6]);
    expect(await queues('TBW102')).toEqual([8, 8, 7]);
    expect(await queues('BenchmarkTest')).toEqual([1024, 1024, 6]);
    expect(await queues('DefaultCluster')).toEqual([16, 16, 7]);
    expect(await queues('broker-a')).toEqual([1, 1, 7]);
    expect(await queues('OFFSET_MOVED_EVENT')).toEqual([1, 1, 6]);
    expect(await queues('SCHEDULE_TOPIC_XXXX')).toEqual([18, 18, 6]);
    expect(await queues('DefaultCluster_REPLY_TOPIC')).toEqual([1, 1, 6]);
    expect(await queues('rmq_sys_REVIVE_LOG_DefaultCluster')).toEqual([8, 8, 6]);
    expect(await queues('rmq_sys_SYNC_BROKER_MEMBER_broker-a')).toEqual([1, 1, 1]);
    expect(await queues('RMQ_SYS_TRANS_HALF_TOPIC')).toEqual([1, 1, 6]);
    expect(await queues('RMQ_SYS_TRANS_OP_HALF_TOPIC')).toEqual([1, 1, 6]);
    expect((await client.route('RMQ_SYS_TRACE_TOPIC')).code).toBe(ResponseCode.TOPIC_NOT_EXIST);
  });

  it('gives auto-created topics the permission, queue limit and filter of their pattern', async () => {
    const directory = temporaryDirectory();
    const pattern = { perm: 5, readQueueNums: 3, writeQueueNums: 2, topicFilterType: 'MULTI_TAG' };
    writeTable(directory, 'topics.json', { topicConfigTable: { pattern } });
    const engine = await startEngine({ directory, engine: { defaultTopicQueueNums: 5 } });
    const client = await TestClient.open(engine);
    await client.send('small', { defaultTopicQueueNums: 16 });
    await client.send('like-pattern', { defaultTopic: 'pattern', defaultTopicQueueNums: 16 });
    expect((await client.route('small')).body!.queueDatas[0]).toMatchObject({ writeQueueNums: 5, perm: 6 });
    expect((await client.route('like-pattern')).body!.queueDatas[0]).toMatchObject({
      readQueueNums: 2,
      writeQueueNums: 2,
      perm: 4,
    });
    await engine.close();
    const { topicConfigTable } = JSON.parse(readTable(directory, 'topics.json'));
    expect(topicConfigTable['like-pattern'].topicFilterType).toBe('MULTI_TAG');
  });

  it('keeps topics over a restart, with what it does not know itself', async () => {
    const directory = temporaryDirectory();
    const kept = { perm: 6, readQueueNums: 3, writeQueueNums: 3, order: true, attributes: { '+a': 'b' } };
    const dataVersion = { counter: 41, stateVersion: 5, timestamp: 7 };
    writeTable(directory, 'topics.json', { dataVersion, topicConfigTable: { kept } });
    const engine = await startEngine({ directory });
    await (await TestClient.open(engine)).send('created', { defaultTopicQueueNums: 2 });
    await engine.close();
    const table = JSON.parse(readTable(directory, 'topics.json'));
    expect(table.topicConfigTable.kept).toEqual({
      ...kept,
      topicFilterType: 'SINGLE_TAG',
      topicName: 'kept',
      topicSysFlag: 0,
    });
    expect(table.dataVersion).toMatchObject({ counter: 42, stateVersion: 5 });
    const client = await TestClient.open(await startEngine({ directory }));
    expect((await client.route('created')).body!.queueDatas[0]!.readQueueNums).toBe(2);
    expect((await client.route('kept')).body!.queueDatas[0]!.readQueueNums).toBe(3);
  });

  it('creates none by itself any more when that was switched off', async () => {
    const directory = temporaryDirectory();
    const engine = await startEngine({ directory });
    await (await TestClient.open(engine)).send('before');
    await engine.close();
    const started = await startEngine({ directory, engine: { autoCreateTopicEnable: false } });
    const client = await TestClient.open(started);
    expect((await client.send('before')).code).toBe(ResponseCode.SUCCESS);
    expect((await client.send('after')).code).toBe(ResponseCode.TOPIC_NOT_EXIST);
    expect((await client.route('TBW102')).code).toBe(ResponseCode.TOPIC_NOT_EXIST);
    await started.close();
    const again = await TestClient.open(await startEngine({ directory }));
    expect((await again.send('after')).code).toBe(ResponseCode.SUCCESS);
  });

  it('takes the queues of new topics from its option, whatever the table says', async () => {
    const directory = temporaryDirectory();
    const engine = await startEngine({ directory });
    await (await TestClient.open(engine)).send('before', { defaultTopicQueueNums: 16 });
    await engine.close();
    const client = await TestClient.open(
      await startEngine({ directory, engine: { defaultTopicQueueNums: 16 } }),
    );
    await client.send('after', { defaultTopicQueueNums: 16 });
    const queues = async (topic: string) => (await client.route(topic)).body!.queueDatas[0]!.readQueueNums;
    expect([await queues('before'), await queues('after')]).toEqual([8, 16]);
  });

  it('has the topic of traces from the start with traceTopicEnable, or as it was', async () => {
    const directory = temporaryDirectory();
    const open = async (engine: EngineOptions) => {
      const started = await startEngine({ directory, engine });
      return { started, client: await TestClient.open(started) };
    };
    const queues = async (client: TestClient) =>
      (await client.route('RMQ_SYS_TRACE_TOPIC')).body?.queueDatas[0]?.readQueueNums;
    const first = await open({ traceTopicEnable: true, autoCreateTopicEnable: false });
    expect(await queues(first.client)).toBe(1);
    expect((await first.client.send('RMQ_SYS_TRACE_TOPIC')).code).toBe(ResponseCode.SUCCESS);
    await first.started.close();
    writeTable(directory, 'topics.json', {
      topicConfigTable: { RMQ_SYS_TRACE_TOPIC: { readQueueNums: 4, writeQueueNums: 4 } },
    });
    expect(await queues((await open({ traceTopicEnable: true })).client)).toBe(4);
  });

  it('creates no more by itself with a hundred thousand, and says so once in 10 s', async () => {
    const directory = temporaryDirectory();
    const names = Array.from({ length: MAX_TOPICS - 1 }, (_, i) => [`t${i}`, {}]);
    writeTable(directory, 'topics.json', { topicConfigTable: Object.fromEntries(names) });
    const engine = await startEngine({ directory, clock: new VirtualClock() });
    const client = await TestClient.open(engine);
    for (const topic of ['more', 'and-more', '%RETRY%more']) {
      const { code, remark } = await client.send(topic);
      expect(code).toBe(ResponseCode.TOPIC_NOT_EXIST);
      expect(remark).toContain(`topic[${topic}] not exist, and from 100000 topics on only administrators`);
      expect((await client.route(topic)).code).toBe(ResponseCode.TOPIC_NOT_EXIST);
    }
    expect(engine.logger.lines.filter((line) => line.includes('is not created'))).toHaveLength(1);
    expect((await client.send('t7')).code).toBe(ResponseCode.SUCCESS);
    expect((await createTopic(client, 'more')).code).toBe(ResponseCode.SUCCESS);
    expect((await client.send('more')).code).toBe(ResponseCode.SUCCESS);
  });

  it('finds topics again that have messages but are in no table', async () => {
    const directory = temporaryDirectory();
    const engine = await startEngine({ directory });
    await (await TestClient.open(engine)).send('lost', { queueId: 2 });
    await engine.close();
    writeTable(directory, 'topics.json', { topicConfigTable: {} });
    const again = await startEngine({ directory });
    const client = await TestClient.open(again);
    expect((await client.route('lost')).body!.queueDatas[0]).toMatchObject({ readQueueNums: 3, perm: 6 });
    expect(await client.read('lost', 2)).toHaveLength(1);
    expect(again.logger.lines.join()).toContain('Topic lost has messages but was not in topics.json');
  });

  it.each(['topics.json', 'topics.json.bak'])(
    'lets topics stay deleted that are neither in the table nor have queues, unless only its backup is there: %s',
    async (fileName) => {
      const directory = temporaryDirectory();
      const engine = await startEngine({ directory });
      const sender = await TestClient.open(engine);
      for (const topic of ['deleted', 'kept']) await sender.send(topic);
      await engine.close();
      rmSync(join(directory, 'consumequeue/deleted'), { recursive: true });
      for (const name of ['topics.json', 'topics.json.bak']) rmSync(join(directory, 'config', name));
      writeTable(directory, fileName, { topicConfigTable: { kept: {} } });
      const client = await TestClient.open(await startEngine({ directory }));
      expect(await client.read('kept')).toHaveLength(1);
      const isKnown = (await client.route('deleted')).code === ResponseCode.SUCCESS;
      expect(isKnown).toBe(fileName === 'topics.json.bak');
    },
  );

  it.each([
    ['a path as name', { '../x': {} }, 'illegal characters'],
    ['no number of queues', { t: { readQueueNums: '8' } }, '"readQueueNums" is "8", expected a number'],
    ['too many queues', { t: { writeQueueNums: 65_537 } }, 'topic t has 65537 queues'],
  ])('refuses a table with %s, and says where it is', async (_, topicConfigTable, text) => {
    const directory = temporaryDirectory();
    writeTable(directory, 'topics.json', { topicConfigTable });
    await expect(startEngine({ directory })).rejects.toThrow(text);
    await expect(startEngine({ directory })).rejects.toThrow('topics.json cannot be read');
  });

  it('starts again after groups with the longest names', async () => {
    const directory = temporaryDirectory();
    const engine = await startEngine({ directory });
    const client = await TestClient.open(engine);
    await client.send('t');
    await client.heartbeat('c1', LONG_GROUP, {});
    const { code } = await client.call(RequestCode.CONSUMER_SEND_MSG_BACK, {
      offset: 0,
      group: LONG_GROUP,
      delayLevel: -1,
      originMsgId: '',
      originTopic: 't',
      maxReconsumeTimes: 16,
    });
    // The name of its dead-letter topic is too long for a record.
    expect(code).toBe(ResponseCode.SYSTEM_ERROR);
    await engine.close();
    const again = await TestClient.open(await startEngine({ directory }));
    expect(await again.read('t')).toHaveLength(1);
  });
});

/** An engine on a file system that takes names that differ only in case for one. */
async function startWhereCaseFolds() {
  const clock = new VirtualClock();
  const disk = new SimulatedDisk({ now: () => clock.now() });
  disk.foldsCase = true;
  const engine = await startEngine({ directory: '/store', fileSystem: disk.mount(), clock });
  return { engine, client: await TestClient.open(engine) };
}

describe('a new topic, whose name is that of a directory,', () => {
  it('is refused when another one has its name but for case, where these are one', async () => {
    const { engine, client } = await startWhereCaseFolds();
    await client.send('orders');
    await client.heartbeat('c', 'group', {});
    const remark = 'topic Orders cannot be beside orders: the file system of the store takes both for one';
    expect(await client.send('Orders')).toMatchObject({ code: ResponseCode.INVALID_PARAMETER, remark });
    expect(await createTopic(client, 'Orders')).toMatchObject({
      code: ResponseCode.INVALID_PARAMETER,
      remark,
    });
    expect((await client.send('schedule_topic_xxxx')).remark).toContain('beside SCHEDULE_TOPIC_XXXX');
    expect((await client.send('orders')).code).toBe(ResponseCode.SUCCESS);
    await client.heartbeat('c', 'Group', {});
    expect(await client.consumerIds('Group')).toBeUndefined();
    expect(engine.logger.lines.join()).toContain('topic %RETRY%Group cannot be beside %RETRY%group');
  });

  it('is refused with a | on Windows', async () => {
    const { platform } = process;
    onTestFinished(() => void Object.defineProperty(process, 'platform', { value: platform }));
    const client = await TestClient.open(await startEngine());
    expect((await client.send('x|y')).code).toBe(ResponseCode.SUCCESS);
    Object.defineProperty(process, 'platform', { value: 'win32' });
    expect(await client.send('a|b')).toMatchObject({
      code: ResponseCode.INVALID_PARAMETER,
      remark: 'topic a|b cannot be on Windows, where no directory has a | in its name',
    });
    expect((await client.send('x|y')).code).toBe(ResponseCode.SUCCESS);
  });

  it('may differ from others in case only where these are two', async () => {
    const client = await TestClient.open(await startEngine());
    for (const topic of ['orders', 'Orders'])
      expect((await client.send(topic)).code).toBe(ResponseCode.SUCCESS);
  });
});
