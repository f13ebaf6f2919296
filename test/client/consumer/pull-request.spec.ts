import { describe, expect, it } from 'vitest';
import type { MessageExt } from '../../../lib/common/message-ext.js';
import { PullSysFlag } from '../../../lib/common/pull-sys-flag.js';
import type { ConsumerConfig, MessageListener } from '../../../lib/client/index.js';
import type { PullMessageRequestHeader } from '../../../lib/remoting/header/pull-message-request-header.js';
import { failure } from '../../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../../lib/remoting/request-code.js';
import { ResponseCode } from '../../../lib/remoting/response-code.js';
import { clusterRoute, ScriptedCluster } from '../../support/scripted-cluster.js';
import { FaultyTransport } from '../../support/faulty-transport.js';
import { bodies, collect, startConsumer, startInstance } from '../../support/test-peers.js';
import { TestClient } from '../../support/test-client.js';
import { startEngine } from '../../support/test-engine.js';
import { RecordingLogger, temporaryDirectory } from '../../support/test-store.js';
import { settle, VirtualClock } from '../../support/virtual-clock.js';

const MIB = 1024 * 1024;

/** A consumer of one queue with messages in it, or of several of which the last one has none; the listener waits until `release` is called. */
async function open(
  count: number,
  consumer: Partial<ConsumerConfig> = {},
  body: string | Buffer = 'x',
  isNear = false,
  queues = 1,
) {
  const clock = new VirtualClock();
  const engine = await startEngine({ clock, engine: { mappedFileSizeCommitLog: 128 * MIB } });
  const client = await TestClient.open(engine);
  for (let i = 0; i < count; i++)
    await client.send('t', { body, queueId: i % Math.max(1, queues - 1), defaultTopicQueueNums: queues });
  const transport = Object.assign(new FaultyTransport(engine.connect()), { isNear: () => isNear });
  const logger = new RecordingLogger();
  const waiting: (() => void)[] = [];
  const begun: MessageExt[] = [];
  const concurrently = async ([first]: readonly MessageExt[]) => {
    begun.push(first!);
    await new Promise<void>((resolve) => waiting.push(resolve));
    return 'CONSUME_SUCCESS' as const;
  };
  const options = { clock, transport, logger, consumer };
  const { admin } = await startConsumer(engine, 'g', { t: '*' }, { concurrently }, options);
  const pulls = () =>
    transport.requests
      .filter(({ code, header }) => code === RequestCode.PULL_MESSAGE && topicOf(header) === 't')
      .map(({ header }) => header as PullMessageRequestHeader);
  /** Lets everything that was begun succeed. */
  const release = async () => {
    for (const end of waiting.splice(0)) end();
    await settle();
  };
  const pulledAt = () =>
    [...admin.runningInfo().mqTable].find(([{ topic }]) => topic === 't')![1].lastPullTimestamp;
  return { clock, engine, client, transport, logger, begun, pulls, pulledAt, release };
}

const topicOf = (header: unknown) => (header as { topic: string }).topic;

describe('the pull loop', () => {
  it.each([
    ['20 calls of one message', {}, 64],
    ['2 calls of 40 messages', { consumeThreadNumber: 2, consumeMessageBatchMaxSize: 40 }, 96],
    ['a limit of its own', { pullThresholdForQueue: 10 }, 32],
  ])('fetches from its own process no more than it takes to be busy (%s)', async (_, consumer, fetched) => {
    const { clock, pulls, release } = await open(200, consumer, 'x', true);
    await clock.advance(1000);
    expect(pulls()).toHaveLength(fetched / 32);
    expect(pulls()[0]!.suspendTimeoutMillis).toBe(60_000);
    for (let round = 0; round < 200 && pulls().at(-1)!.queueOffset < 200; round++) {
      await release();
      await clock.advance(0);
    }
    expect(pulls().at(-1)!.queueOffset, 'it goes on to the end').toBe(200);
  });

  it('has the queues of one consumer take turns with what is fetched from its own process', async () => {
    const { clock, begun, pulls, release } = await open(300, {}, 'x', true, 4);
    await clock.advance(1000);
    expect(pulls(), 'the first of each queue').toHaveLength(4);
    for (let round = 0; round < 100 && begun.length < 300; round++) {
      await release();
      await clock.advance(0);
    }
    expect(begun, 'also behind a queue that is empty').toHaveLength(300);
    const seen = begun.slice(0, 200).map(({ queueId }) => queueId);
    for (const queueId of [0, 1, 2]) expect(seen).toContain(queueId);
  });

  it('says what it wants', async () => {
    const { clock, pulls, release } = await open(1);
    await clock.advance(0);
    expect(pulls()[0]).toEqual({
      consumerGroup: 'g',
      topic: 't',
      queueId: 0,
      queueOffset: 0,
      maxMsgNums: 32,
      sysFlag: PullSysFlag.SUSPEND,
      commitOffset: -1,
      suspendTimeoutMillis: 15_000,
      subVersion: expect.any(Number) as number,
      expressionType: 'TAG',
    });
    await release();
    await clock.advance(0);
    expect(pulls().map(({ queueOffset }) => queueOffset)).toEqual([0, 1]);
    await clock.advance(14_000);
    expect(pulls()).toHaveLength(2);
    await clock.advance(1000);
    // The offset is told with the next pull.
    expect(pulls()[2]).toMatchObject({
      queueOffset: 1,
      commitOffset: 1,
      sysFlag: PullSysFlag.SUSPEND | PullSysFlag.COMMIT_OFFSET,
    });
  });

  it('pulls pullBatchSize messages, pullInterval apart', async () => {
    const { clock, pulls } = await open(10, { pullBatchSize: 4, pullInterval: 700 });
    await clock.advance(0);
    expect(pulls().map(({ maxMsgNums }) => maxMsgNums)).toEqual([4]);
    await clock.advance(699);
    expect(pulls()).toHaveLength(1);
    await clock.advance(1);
    expect(pulls().map(({ queueOffset }) => queueOffset)).toEqual([0, 4]);
  });

  it.each<[string, Partial<ConsumerConfig>, number]>([
    ['pullThresholdForQueue messages wait', { pullThresholdForQueue: 40 }, 64],
    ['half of pullThresholdForTopic, as there are two queues,', { pullThresholdForTopic: 80 }, 64],
    ['messages are consumeConcurrentlyMaxSpan apart', { consumeConcurrentlyMaxSpan: 63 }, 96],
  ])('pauses while more than %s', async (_, consumer, expected) => {
    const { clock, begun, pulls, release } = await open(200, { ...consumer, consumeThreadNumber: 1 });
    await clock.advance(1000);
    expect(pulls().length * 32).toBe(expected);
    expect(begun).toHaveLength(1);
    for (let i = 0; i < 40; i++) await release();
    await clock.advance(0);
    expect(pulls().length * 32).toBeGreaterThan(expected);
  });

  it('keeps a queue whose listener takes very long', async () => {
    const consumer = { pullThresholdForQueue: 40, consumeThreadNumber: 1, consumeTimeout: 60 };
    const { clock, begun, pulls, pulledAt, release } = await open(200, consumer);
    await clock.advance(300_000);
    expect(pulledAt()).toBe(clock.now());
    expect(begun).toHaveLength(1);
    expect(pulls()).toHaveLength(2);
    await release();
    await clock.advance(0);
    expect(begun).toHaveLength(2);
  });

  it('pauses while more than pullThresholdSizeForQueue MiB wait', async () => {
    const consumer = { pullThresholdSizeForQueue: 1, consumeThreadNumber: 1, pullBatchSize: 1 };
    const { clock, pulls, release } = await open(4, consumer, Buffer.alloc(MIB));
    await clock.advance(1000);
    expect(pulls()).toHaveLength(1);
    await release();
    await clock.advance(0);
    expect(pulls()).toHaveLength(2);
  });

  it('gets every message once over many pulls', async () => {
    const clock = new VirtualClock();
    const engine = await startEngine({ clock });
    const client = await TestClient.open(engine);
    for (let i = 0; i < 200; i++) await client.send('t', { body: `${i}`, queueId: i % 4 });
    const got: MessageExt[] = [];
    await startConsumer(engine, 'g', { t: '*' }, collect(got), { clock });
    await clock.advance(1000);
    const numbers = got.map(({ body }) => Number(body.toString())).toSorted((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: 200 }, (_, i) => i));
  });

  it('tries again a second after an error', async () => {
    const { clock, transport, logger, begun, pulls, client } = await open(1);
    transport.failing.add(RequestCode.PULL_MESSAGE);
    await clock.advance(0);
    expect(logger.lines.join()).toContain('WARN Pulling from queue 0 of topic t on broker-a failed');
    transport.failing.clear();
    const before = pulls().length;
    await clock.advance(999);
    expect(pulls()).toHaveLength(before);
    await clock.advance(1);
    await client.send('t');
    await clock.advance(0);
    expect(begun.length).toBeGreaterThan(0);
  });

  it('moves to the offset that an administrator has set, and says so', async () => {
    const clock = new VirtualClock();
    const engine = await startEngine({ clock });
    const client = await TestClient.open(engine);
    for (const body of ['0', '1']) await client.send('t', { body, defaultTopicQueueNums: 1 });
    const got: MessageExt[] = [];
    const logger = new RecordingLogger();
    await startConsumer(engine, 'g', { t: '*' }, collect(got), { clock, logger });
    await clock.advance(2000);
    const reset = { topic: 't', group: 'g', timestamp: 0, isForce: true, queueId: 0, offset: 1 };
    await client.call(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, reset);
    await clock.advance(2000);
    expect(logger.lines).toEqual(['WARN The offset of t/0 was set by an administrator, it begins anew at 1']);
    expect(got.map(({ body }) => body.toString())).toEqual(['0', '1', '1']);
  });

  it('moves to the offset that the broker names when its own is impossible', async () => {
    const clock = new VirtualClock();
    const engine = await startEngine({ clock });
    const client = await TestClient.open(engine);
    for (let i = 0; i < 2; i++) await client.send('t', { defaultTopicQueueNums: 1 });
    const offset = { consumerGroup: 'g', topic: 't', queueId: 0 };
    await client.heartbeat('before', 'g', { t: '*' });
    await client.call(RequestCode.UNREGISTER_CLIENT, { clientID: 'before', consumerGroup: 'g' });
    await client.call(RequestCode.UPDATE_CONSUMER_OFFSET, { ...offset, commitOffset: 99 });
    const got: MessageExt[] = [];
    const logger = new RecordingLogger();
    await startConsumer(engine, 'g', { t: '*' }, collect(got), { clock, logger });
    await clock.advance(2000);
    expect(logger.lines).toEqual(['WARN The offset of t/0 is illegal, it begins anew at 2']);
    expect((await client.call(RequestCode.QUERY_CONSUMER_OFFSET, offset)).header!.offset).toBe(2);
    await client.send('t', { body: 'next' });
    await clock.advance(0);
    expect(got.map(({ body }) => body.toString())).toEqual(['next']);
  });

  it.each(['concurrently', 'orderly'] as const)(
    'begins anew (%s) in a topic that was deleted and comes again',
    async (how) => {
      const clock = new VirtualClock();
      const engine = await startEngine({ clock });
      const client = await TestClient.open(engine);
      const send = (body: string) => client.send('t', { body, defaultTopicQueueNums: 1 });
      for (const body of ['0', '1', '2']) await send(body);
      const got: string[] = [];
      const noting =
        <S extends string>(status: S) =>
        (messages: readonly MessageExt[]): S => {
          got.push(...bodies(messages));
          return status;
        };
      const listener: MessageListener =
        how === 'orderly' ? { orderly: noting('SUCCESS') } : { concurrently: noting('CONSUME_SUCCESS') };
      await startConsumer(engine, 'g', { t: '*' }, listener, { clock });
      await clock.advance(10_000);
      await client.call(RequestCode.DELETE_TOPIC_IN_BROKER, { topic: 't' });
      await clock.advance(10_000);
      for (const body of ['new 0', 'new 1']) await send(body);
      await clock.advance(10_000);
      expect(got).toEqual(['0', '1', '2', 'new 0', 'new 1']);
      const header = { consumerGroup: 'g', topic: 't', queueId: 0 };
      expect((await client.call(RequestCode.QUERY_CONSUMER_OFFSET, header)).header!.offset).toBe(2);
    },
  );

  it('asks on with its offset while it broadcasts, as nobody else knows that', async () => {
    const clock = new VirtualClock();
    const engine = await startEngine({ clock });
    const client = await TestClient.open(engine);
    await client.send('t', { defaultTopicQueueNums: 1 });
    const got: MessageExt[] = [];
    const options = {
      clock,
      client: { localOffsetStoreDir: temporaryDirectory() },
      consumer: { messageModel: 'BROADCASTING' },
    } as const;
    const consumer = await startConsumer(engine, 'g', { t: '*' }, collect(got), options);
    await clock.advance(10_000);
    const [before] = consumer['context'].processQueues();
    await client.call(RequestCode.DELETE_TOPIC_IN_BROKER, { topic: 't' });
    await clock.advance(9000);
    expect([...consumer['context'].processQueues()]).toEqual([before]);
    expect(before!.dropped).toBe(false);
  });

  it('tells the broker of its subscription again when that forgot it', async () => {
    const { clock, client, begun, transport, release } = await open(1);
    await clock.advance(0);
    await release();
    transport.invokeOneway('127.0.0.1:10911', {
      code: RequestCode.UNREGISTER_CLIENT,
      header: { clientID: 'x', consumerGroup: 'g' },
      body: undefined,
    });
    await clock.advance(15_000);
    await client.send('t');
    await clock.advance(2000);
    expect(begun).toHaveLength(2);
  });

  it('counts messages without the wanted tag as consumed', async () => {
    const clock = new VirtualClock();
    const engine = await startEngine({ clock });
    const client = await TestClient.open(engine);
    for (let i = 0; i < 5; i++) {
      await client.send('t', { defaultTopicQueueNums: 1, properties: { TAGS: 'other' } });
    }
    await startConsumer(engine, 'g', { t: 'wanted' }, collect([]), { clock });
    await clock.advance(5000);
    const header = { consumerGroup: 'g', topic: 't', queueId: 0 };
    expect((await client.call(RequestCode.QUERY_CONSUMER_OFFSET, header)).header!.offset).toBe(5);
  });

  it('tells brokers again what it wants, once for all queues that one has forgotten', async () => {
    const clock = new VirtualClock();
    const cluster = new ScriptedCluster();
    cluster.transport.routes.set('t', clusterRoute(100, { a: [0] }));
    cluster.answer = (call) => {
      const isPull = call.request.code === RequestCode.PULL_MESSAGE;
      if (isPull) call.answer(failure(ResponseCode.SUBSCRIPTION_NOT_EXIST, 'who?'));
      return isPull;
    };
    await startConsumer(cluster, 'g', { t: '*' }, collect([]), { clock });
    const count = (code: RequestCode) => cluster.asked(code).length;
    await clock.advance(0);
    expect([count(RequestCode.PULL_MESSAGE), count(RequestCode.HEART_BEAT)]).toEqual([100, 2]);
    await clock.advance(1000);
    expect([count(RequestCode.PULL_MESSAGE), count(RequestCode.HEART_BEAT)]).toEqual([200, 4]);
  });

  it('asks again after 20 ms where the broker has too much to do', async () => {
    const clock = new VirtualClock();
    const cluster = new ScriptedCluster();
    cluster.transport.routes.set('t', clusterRoute(1, { a: [0] }));
    cluster.answer = (call) => {
      if (call.request.code !== RequestCode.PULL_MESSAGE) return false;
      call.answer(failure(ResponseCode.FLOW_CONTROL, 'too much'));
      return true;
    };
    await startConsumer(cluster, 'g', { t: '*' }, collect([]), { clock });
    const pulls = () => cluster.asked(RequestCode.PULL_MESSAGE).length;
    await clock.advance(19);
    expect(pulls()).toBe(1);
    await clock.advance(1);
    expect(pulls()).toBe(2);
  });

  it('asks every 3 s where it is refused for another reason, and says so every 10 s', async () => {
    const clock = new VirtualClock();
    const logger = new RecordingLogger();
    const cluster = new ScriptedCluster();
    for (const topic of ['t', 'u']) cluster.transport.routes.set(topic, clusterRoute(50, { a: [0] }));
    cluster.answer = (call) => {
      if (call.request.code !== RequestCode.PULL_MESSAGE) return false;
      const { topic } = call.request.header as { topic: string };
      call.answer(failure(ResponseCode.NO_PERMISSION, `no ${topic}`));
      return true;
    };
    await startConsumer(cluster, 'g', { t: '*', u: '*' }, collect([]), { clock, logger });
    const pulls = () => cluster.asked(RequestCode.PULL_MESSAGE).length;
    await clock.advance(2999);
    expect(pulls()).toBe(100);
    await clock.advance(1);
    expect(pulls()).toBe(200);
    await clock.advance(9000);
    const lines = logger.lines.filter((line) => line.includes('was refused, CODE: 16  DESC: no'));
    expect(lines, 'for each topic').toEqual([
      expect.stringContaining('DESC: no t'),
      expect.stringContaining('DESC: no u'),
      expect.stringContaining('DESC: no t (199 left out before)'),
      expect.stringContaining('DESC: no u (199 left out before)'),
    ]);
  });

  it('leaves no timer behind when it ends', async () => {
    const clock = new VirtualClock();
    const cluster = new ScriptedCluster();
    cluster.transport.routes.set('t', clusterRoute(2, { a: [0] }));
    cluster.answer = (call) => {
      if (call.request.code !== RequestCode.PULL_MESSAGE) return false;
      call.answer(failure(ResponseCode.NO_PERMISSION, 'no'));
      return true;
    };
    const instance = startInstance(cluster, { clock });
    const consumer = await startConsumer(cluster, 'g', { t: '*' }, collect([]), { instance });
    await clock.advance(0);
    await consumer.shutdown();
    instance.shutdown();
    expect(clock.hasTimers).toBe(false);
  });
});
