import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DefaultMQProducer, DefaultMQPushConsumer, type SendResult } from '../../lib/client/index.js';
import { parseFastjson, type FastjsonObject } from '../../lib/common/fastjson.js';
import { decodeMessages } from '../../lib/common/message-decoder.js';
import type { MessageExt } from '../../lib/common/message-ext.js';
import { decodeMessageId } from '../../lib/common/message-id.js';
import { Message } from '../../lib/common/message.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { ResponseCode } from '../../lib/remoting/response-code.js';
import { eventually } from '../support/eventually.js';
import { TestClient } from '../support/test-client.js';
import { startInstance } from '../support/test-peers.js';
import { workDirectory } from './java.js';
import { MqAdmin } from './mqadmin.js';
import { runOurs, startApache, startOurs, type StartBroker, type StoreBroker } from './store-broker.js';

const TOPIC = 'exchange-orders';
const DELAYED = 'exchange-delayed';
const DELETED = 'exchange-deleted';
const GROUP = 'exchange-group';
const COUNT = 60;
const TIMEOUT = 240_000;

interface Sent extends SendResult {
  readonly body: string;
  readonly key: string;
}

/** Sends messages with keys and tags, small ones and ones that are compressed. */
async function send(broker: StoreBroker, prefix: string, count = COUNT): Promise<Sent[]> {
  const instance = startInstance(broker);
  const producer = new DefaultMQProducer(instance);
  producer.start();
  const sent: Sent[] = [];
  for (let i = 0; i < count; i++) {
    const body = `${prefix}-${i}${i % 10 === 0 ? 'x'.repeat(10_000) : ''}`;
    const key = `${prefix}-key-${i}`;
    const result = await producer.send(
      new Message(TOPIC, Buffer.from(body), i % 2 === 0 ? 'even' : 'odd', key),
    );
    sent.push({ ...result, body, key });
  }
  producer.shutdown();
  instance.shutdown();
  return sent;
}

async function sendDelayed(broker: StoreBroker): Promise<void> {
  const client = await TestClient.open(broker);
  const { code } = await client.send(DELAYED, { body: 'later', properties: { DELAY: '2' } });
  expect(code).toBe(0);
}

/** What a consumer of the group gets until it has `count` messages, and nothing comes any more. */
async function consume(broker: StoreBroker, count: number): Promise<string[]> {
  const instance = startInstance(broker);
  const got: string[] = [];
  const config = { consumerGroup: GROUP, consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET' } as const;
  const consumer = new DefaultMQPushConsumer(instance, config, {
    concurrently: (messages) => {
      for (const { body } of messages) got.push(body.toString());
      return 'CONSUME_SUCCESS';
    },
  });
  consumer.subscribe(TOPIC);
  await consumer.start();
  await eventually(() => got.length >= count, 60_000);
  await consumer.shutdown();
  instance.shutdown();
  return got;
}

/** Apache's checkpoint says that something stored since then has its ConsumeQueue on the disk. */
async function untilCheckpointed(store: string, since: number): Promise<void> {
  const logicsMsgTimestamp = () => Number(readFileSync(join(store, 'checkpoint')).readBigInt64BE(8));
  await eventually(() => logicsMsgTimestamp() >= since, 30_000);
}

/** All messages that were consumed are so by the table on the disk, too. */
async function untilOffsetsAreKept(store: string, count: number): Promise<void> {
  const path = join(store, 'config/consumerOffset.json');
  const total = () => {
    const offsets = readTable(path)?.get(`${TOPIC}@${GROUP}`) as FastjsonObject | undefined;
    return [...(offsets?.values() ?? [])].reduce<number>((sum, offset) => sum + Number(offset), 0);
  };
  await eventually(() => total() === count, 30_000);
}

/** Nothing while Apache is writing it, which it does in place. */
function readTable(path: string): FastjsonObject | undefined {
  try {
    const json = parseFastjson(readFileSync(path, 'utf8')) as FastjsonObject;
    return json.get('offsetTable') as FastjsonObject;
  } catch {
    return undefined;
  }
}

/** Each message can be read by queue offset, log offset, key and unique id. */
async function expectReadable(broker: StoreBroker, messages: readonly Sent[]): Promise<void> {
  const client = await TestClient.open(broker);
  const queues = new Map<number, MessageExt[]>();
  for (const { messageQueue, queueOffset, offsetMsgId, msgId, body, key } of messages) {
    const { queueId } = messageQueue;
    if (!queues.has(queueId)) queues.set(queueId, await client.read(TOPIC, queueId));
    const message = queues.get(queueId)!.find((each) => each.queueOffset === queueOffset);
    expect(message, `message ${queueOffset} of queue ${queueId}`).toMatchObject({ msgId });
    expect(message!.body.toString()).toBe(body);
    const offset = decodeMessageId(offsetMsgId!).commitLogOffset;
    const viewed = await client.call(RequestCode.VIEW_MESSAGE_BY_ID, { offset });
    expect(bodiesOf(viewed.body)).toEqual([body]);
    for (const [text, uniqueKeyQuery] of [
      [key, false],
      [msgId, true],
    ] as const) {
      const range = { maxNum: 32, beginTimestamp: 0, endTimestamp: Number.MAX_SAFE_INTEGER };
      const header = { topic: TOPIC, key: text, uniqueKeyQuery, ...range };
      const found = await client.call(RequestCode.QUERY_MESSAGE, header);
      expect(bodiesOf(found.body), text).toContain(body);
    }
  }
}

const bodiesOf = (records: Buffer | undefined) => decodeMessages(records!).map(({ body }) => body.toString());

/** Queues and permission of the topic, and how far the group is in each queue. */
async function stateOf(broker: StoreBroker): Promise<unknown> {
  const client = await TestClient.open(broker);
  const { body } = await client.route(TOPIC);
  const offsets: unknown[] = [];
  for (let queueId = 0; queueId < body!.queueDatas[0]!.readQueueNums; queueId++) {
    const header = { consumerGroup: GROUP, topic: TOPIC, queueId };
    offsets.push((await client.call(RequestCode.QUERY_CONSUMER_OFFSET, header)).header?.offset);
  }
  return { queues: body!.queueDatas, offsets };
}

describe('a store', () => {
  it.each<[string, NodeJS.Signals, StartBroker, StartBroker]>([
    ['of the engine in Apache', 'SIGTERM', startOurs, startApache],
    ['of the engine in Apache', 'SIGKILL', startOurs, startApache],
    ['of Apache in the engine', 'SIGTERM', startApache, startOurs],
    ['of Apache in the engine', 'SIGKILL', startApache, startOurs],
  ])(
    '%s goes on after %s, and back again',
    { timeout: TIMEOUT },
    async (_name, signal, startFirst, startSecond) => {
      const store = join(workDirectory(), 'store');
      const first = await startFirst(store);
      const sent = await send(first, 'first');
      expect((await consume(first, COUNT)).toSorted()).toEqual(sent.map(({ body }) => body).toSorted());
      await untilOffsetsAreKept(store, COUNT);
      const state = await stateOf(first);
      await sendDelayed(first);
      await first.end(signal);
      expect(readFileSync(join(store, 'config/topics.json'), 'utf8')).toContain(DELAYED);

      const second = await startSecond(store);
      expect(await stateOf(second)).toEqual(state);
      await expectReadable(second, sent);
      const more = await send(second, 'second');
      const end = new Map(sent.map(({ messageQueue, queueOffset }) => [messageQueue.queueId, queueOffset]));
      for (const { messageQueue, queueOffset } of more) {
        expect(queueOffset).toBe(end.get(messageQueue.queueId)! + 1);
        end.set(messageQueue.queueId, queueOffset);
      }
      expect((await consume(second, COUNT)).toSorted()).toEqual(more.map(({ body }) => body).toSorted());
      const client = await TestClient.open(second);
      const delayed = async () =>
        (await Promise.all([0, 1, 2, 3].map((queue) => client.read(DELAYED, queue)))).flat();
      await expect.poll(async () => (await delayed()).length, { timeout: 30_000 }).toBe(1);
      await untilOffsetsAreKept(store, 2 * COUNT);
      await second.end(signal);

      const again = await startFirst(store);
      await expectReadable(again, [...sent, ...more]);
      const last = await send(again, 'last');
      expect((await consume(again, COUNT)).toSorted()).toEqual(last.map(({ body }) => body).toSorted());
      await again.end('SIGTERM');
    },
  );

  it('of Apache lacks in the engine what was deleted there', { timeout: TIMEOUT }, async () => {
    const store = join(workDirectory(), 'store');
    const apache = await startApache(store, { flushConsumeQueueThoroughInterval: 1000 });
    const client = await TestClient.open(apache);
    const sent = await send(apache, 'kept');
    const since = Date.now();
    for (let i = 0; i < 3; i++) expect((await client.send(DELETED)).code).toBe(0);
    await untilCheckpointed(store, since);
    const admin = MqAdmin.start(workDirectory(), apache.namesrvAddrs[0]!);
    onTestFinished(() => admin.stop());
    const output = await admin.run('deleteTopic', '-c', 'DefaultCluster', '-t', DELETED);
    expect(output).toContain('success');
    await apache.end('SIGTERM');

    const engine = await startOurs(store);
    await expectReadable(engine, sent);
    const route = await (await TestClient.open(engine)).route(DELETED);
    expect(route.code, route.remark).toBe(ResponseCode.TOPIC_NOT_EXIST);
    await engine.end('SIGTERM');
    expect(readFileSync(join(store, 'config/topics.json'), 'utf8')).not.toContain(DELETED);
  });

  it(
    'of Apache with tables in RocksDB is refused until they are exported',
    { timeout: TIMEOUT },
    async () => {
      const store = join(workDirectory(), 'store');
      const apache = await startApache(store, { storeType: 'defaultRocksDB' });
      const sent = await send(apache, 'first');
      await consume(apache, COUNT);
      const state = await stateOf(apache);
      const admin = MqAdmin.start(workDirectory(), apache.namesrvAddrs[0]!);
      onTestFinished(() => admin.stop());
      const exported = await admin.run('rocksDBConfigToJson', '-c', 'DefaultCluster');
      await untilOffsetsAreKept(store, COUNT);
      await apache.end('SIGTERM');

      const refused = runOurs(store);
      expect(await refused.end(), exported).toBe(1);
      expect(refused.stderr).toContain(`${join(store, 'config/topics')} is a table in RocksDB`);

      for (const table of ['topics', 'subscriptionGroups', 'consumerOffsets'])
        rmSync(join(store, 'config', table), { recursive: true });
      const engine = await startOurs(store);
      expect(await stateOf(engine)).toEqual(state);
      await expectReadable(engine, sent);
      const more = await send(engine, 'second');
      expect((await consume(engine, COUNT)).toSorted()).toEqual(more.map(({ body }) => body).toSorted());
      await engine.end('SIGTERM');
    },
  );
});
