import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../lib/common/clock.js';
import { silentLogger } from '../../lib/common/logger.js';
import type { MessageExt } from '../../lib/common/message-ext.js';
import { PullSysFlag } from '../../lib/common/pull-sys-flag.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { ResponseCode } from '../../lib/remoting/response-code.js';
import { TcpTransport } from '../../lib/remoting/transport/tcp-transport.js';
import { invoke } from '../../lib/remoting/transport/transport.js';
import { uniqueName, type Cluster } from '../conformance/cluster.js';
import { gate } from '../support/nest-app.js';
import { collect, message, startConsumer, startProducer } from '../support/test-peers.js';
import { RecordingLogger } from '../support/test-store.js';
import { ApacheCluster } from './apache-cluster.js';
import { ConsumerProcess } from './consumer-process.js';
import { runJava } from './java.js';
import { poll } from './poll.js';

const MINUTE = 60_000;

let apache: ApacheCluster;
let cluster: Cluster;
/** The topic of the last test, whose slaves take a minute to hear of it. */
const failoverTopic = uniqueName('failover');

const connect = () => new TcpTransport({ clock: systemClock, logger: silentLogger });

/** The first message to each broker creates the topic there. A producer would know one of them only, for half a minute. */
async function createTopic(topic: string): Promise<void> {
  const transport = connect();
  onTestFinished(() => transport.close());
  for (const brokerName of ['broker-a', 'broker-b']) {
    const header = {
      producerGroup: 'creator',
      topic,
      defaultTopic: 'TBW102',
      defaultTopicQueueNums: 4,
      queueId: 0,
      sysFlag: 0,
      bornTimestamp: Date.now(),
      flag: 0,
      properties: new Map<string, string>(),
      reconsumeTimes: 0,
      brokerName,
    };
    const request = { code: RequestCode.SEND_MESSAGE, header, body: Buffer.from('first') };
    // Until its slave has connected a master says that the slave does not answer.
    await poll(`${brokerName} to take a message`, async () => {
      const { code } = await invoke(transport, apache.broker(brokerName).address, request, 10_000);
      return code === ResponseCode.SUCCESS;
    });
  }
  await poll('the route of the topic', async () => {
    const request = { code: RequestCode.GET_ROUTEINFO_BY_TOPIC, header: { topic }, body: undefined };
    const { body } = await invoke(transport, apache.namesrvAddr, request, 10_000);
    return body?.brokerDatas.length === 2;
  });
}

beforeAll(async () => {
  apache = await ApacheCluster.start('2m-2s-sync', { properties: { slaveReadEnable: true } });
  cluster = { namesrvAddrs: [apache.namesrvAddr], isApache: true, connect, close: async () => {} };
}, 5 * MINUTE);
afterAll(() => apache?.close(), MINUTE);

describe('several processes', () => {
  it('find a topic that both brokers have', () => createTopic(failoverTopic), MINUTE);

  it(
    'share the queues of both brokers, and take over those of one that is killed',
    async () => {
      const topic = uniqueName('shared');
      const group = uniqueName('group');
      const producer = startProducer(cluster);
      await createTopic(topic);
      const order = { namesrvAddr: apache.namesrvAddr, topic, group };
      const first = await ConsumerProcess.start(order);
      const second = await ConsumerProcess.start(order);
      const all = async (what: string) => {
        const seen = () =>
          new Set([first, second].flatMap(({ consumed }) => consumed.map(({ body }) => body)));
        for (let i = 0; i < 32; i++) await producer.send(message(topic, `${what} ${i}`));
        await poll(
          `${what} to be consumed`,
          () => [...seen()].filter((body) => body.startsWith(what)).length === 32,
        );
      };
      await poll('both to consume', async () => {
        await all(`shared ${first.consumed.length}-${second.consumed.length}`);
        return first.consumed.length > 0 && second.consumed.length > 0;
      });
      const before = second.consumed.length;
      await all('while both live');
      const overlap = [...second.consumed.slice(before)].filter(({ queue }) =>
        first.consumed.slice(-16).some((other) => other.queue === queue),
      );
      expect(overlap).toEqual([]);
      await second.kill();
      first.consumed.length = 0;
      await all('after the kill');
      expect(first.queues.size).toBe(8);
    },
    3 * MINUTE,
  );

  it(
    'consume in order under lock, each queue in one process at a time',
    async () => {
      const topic = uniqueName('ordered');
      const group = uniqueName('group');
      const producer = startProducer(cluster);
      await createTopic(topic);
      const log: { process: number; queue: string; body: string }[] = [];
      const order = { namesrvAddr: apache.namesrvAddr, topic, group, orderly: true };
      const processes: ConsumerProcess[] = [];
      const join = async (process: number) => {
        processes.push(await ConsumerProcess.start(order, (line) => log.push({ process, ...line })));
      };
      await join(0);
      const sent = new Map<string, string[]>();
      const sendSome = async (count: number) => {
        for (let i = 0; i < count; i++) {
          const key = `key-${i % 13}`;
          const body = `${key}:${(sent.get(key) ?? []).length}`;
          const selector = (queues: readonly { brokerName: string; queueId: number }[]) =>
            queues[(i % 13) % queues.length] as never;
          await producer.send(message(topic, body), { selector, arg: key });
          sent.set(key, [...(sent.get(key) ?? []), body]);
        }
      };
      const isComplete = () => {
        const consumed = new Set(log.map(({ body }) => body));
        return [...sent.values()].flat().every((body) => consumed.has(body));
      };
      await sendSome(100);
      await join(1);
      await sendSome(200);
      await poll('the second process to take part', async () => {
        await sendSome(26);
        return log.some(({ process }) => process === 1);
      });
      await processes[0]!.stop();
      await sendSome(100);
      await poll('everything to be consumed', isComplete);
      for (const [key, bodies] of sent) {
        const seen = log.filter(({ body }) => body.startsWith(`${key}:`)).map(({ body }) => body);
        expect([...new Set(seen)]).toEqual(bodies);
      }
    },
    3 * MINUTE,
  );

  it(
    'each get every broadcast message',
    async () => {
      const topic = uniqueName('broadcast');
      const group = uniqueName('group');
      const producer = startProducer(cluster);
      await createTopic(topic);
      const order = { namesrvAddr: apache.namesrvAddr, topic, group, broadcasting: true };
      const consumers = [await ConsumerProcess.start(order), await ConsumerProcess.start(order)];
      const sent = new Set<string>();
      for (let i = 0; i < 64; i++) {
        sent.add(`all ${i}`);
        await producer.send(message(topic, `all ${i}`));
      }
      const seenBy = ({ consumed }: ConsumerProcess) => consumed.filter(({ body }) => sent.has(body)).length;
      await poll('both to see all', () => consumers.every((consumer) => seenBy(consumer) === 64));
    },
    2 * MINUTE,
  );
});

describe('a Java producer that compresses', () => {
  it(
    'with LZ4, zstd and zlib is understood',
    async () => {
      const topic = uniqueName('compressed');
      await runJava('CompressedProducer', {}, apache.namesrvAddr, topic);
      const seen: MessageExt[] = [];
      await startConsumer(cluster, uniqueName('group'), { [topic]: '*' }, collect(seen));
      await poll('three messages', () => seen.length === 3);
      for (const type of ['LZ4', 'ZSTD', 'ZLIB']) {
        const found = seen.find(({ tags }) => tags === type)!;
        expect(found.body.toString()).toBe(`${type} Grüße `.repeat(20_000));
        expect(found.storedBody.length).toBeLessThan(found.body.length / 10);
      }
    },
    MINUTE,
  );
});

describe('a master that is killed under load', () => {
  it(
    'costs no acknowledged message: sends go on at the other, its slave is read, offsets are kept',
    async () => {
      const topic = failoverTopic;
      const group = uniqueName('group');
      const producer = startProducer(cluster, { producer: { sendMsgTimeout: 10_000 } });
      await createTopic(topic);
      const seen: MessageExt[] = [];
      const { opened, open } = gate();
      const slowly = async (messages: readonly MessageExt[]) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        if (seen.length >= 100) await opened;
        seen.push(...messages);
        return 'CONSUME_SUCCESS' as const;
      };
      const logger = new RecordingLogger();
      const options = { logger, consumer: { pullThresholdForQueue: 10, pullBatchSize: 10 } };
      const reader = await startConsumer(cluster, group, { [topic]: '*' }, { concurrently: slowly }, options);
      await untilSlavesKnow(topic, group);

      /** By id the broker that acknowledged it. */
      const ledger = new Map<string, string>();
      const failures: unknown[] = [];
      let isLoading = true;
      const load = async (sender: number) => {
        for (let i = 0; isLoading; i++) {
          try {
            const result = await producer.send(message(topic, `load ${sender}/${i}`));
            if (result.sendStatus === 'SEND_OK') ledger.set(result.msgId, result.messageQueue.brokerName);
          } catch (error) {
            failures.push(error);
          }
        }
      };
      const senders = Array.from({ length: 8 }, (_, i) => load(i));
      const countOn = (brokerName: string) =>
        [...ledger.values()].filter((name) => name === brokerName).length;
      const missing = () => {
        const ids = new Set(seen.map(({ msgId }) => msgId));
        return [...ledger].filter(([msgId]) => !ids.has(msgId));
      };
      await poll('load on both brokers', () => countOn('broker-a') > 300 && countOn('broker-b') > 300);
      await apache.broker('broker-a').end();
      // More than the reader has in memory of four queues: its slave must have the others.
      const unread = missing().filter(([, brokerName]) => brokerName === 'broker-a');
      expect(unread.length).toBeGreaterThan(4 * 20);
      open();
      const stored = countOn('broker-b');
      await poll('sends to go on at the other broker', () => countOn('broker-b') > stored + 200);
      isLoading = false;
      await Promise.all(senders);
      expect(failures).toEqual([]);

      const consumed = (msgId: string) => seen.some((one) => one.msgId === msgId);
      await poll('every acknowledged message to be consumed', () => missing().length === 0).catch((error) => {
        throw new Error(
          `${error}, but of ${ledger.size} these are missing: ${missing().slice(0, 9).join(' ')}; ${logger.lines.slice(-40).join('\n')}`,
        );
      });
      await reader.shutdown();
      // By their places: what a sender sent again, as the master did not answer any more, is stored twice.
      const placeOf = ({ brokerName, queueId, queueOffset }: MessageExt) =>
        `${brokerName} ${queueId} ${queueOffset}`;
      const handled = new Set(seen.map(placeOf));
      seen.length = 0;
      await startConsumer(cluster, group, { [topic]: '*' }, { concurrently: slowly });
      const last = await producer.send(message(topic, 'after all'));
      await poll('the new consumer to go on', () => consumed(last.msgId));
      expect(seen.filter((one) => handled.has(placeOf(one))).map(placeOf)).toEqual([]);

      await apache.broker('broker-a').start();
      await poll('the master to be used again', async () => {
        const { messageQueue, msgId } = await producer.send(message(topic, 'again'));
        ledger.set(msgId, messageQueue.brokerName);
        return messageQueue.brokerName === 'broker-a';
      });
      await poll('its messages to be consumed', () => consumed([...ledger.keys()].at(-1)!));
    },
    6 * MINUTE,
  );
});

/** Slaves copy the tables of their master once a minute. */
async function untilSlavesKnow(topic: string, consumerGroup: string): Promise<void> {
  const transport = connect();
  onTestFinished(() => transport.close());
  const header = {
    consumerGroup,
    topic,
    queueId: 0,
    queueOffset: 0,
    maxMsgNums: 1,
    sysFlag: PullSysFlag.SUBSCRIPTION,
    commitOffset: 0,
    suspendTimeoutMillis: 0,
    subscription: '*',
    subVersion: 0,
    expressionType: 'TAG',
  };
  for (const name of ['broker-a-s', 'broker-b-s']) {
    await poll(`${name} to know the topic`, async () => {
      const request = { code: RequestCode.PULL_MESSAGE, header, body: undefined };
      const { code } = await invoke(transport, apache.broker(name).address, request, 5000);
      return code === ResponseCode.SUCCESS;
    });
  }
}
