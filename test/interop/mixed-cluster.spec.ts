import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DefaultMQProducer, DefaultMQPushConsumer, MQClientInstance } from '../../lib/client/index.js';
import { systemClock } from '../../lib/common/clock.js';
import { silentLogger } from '../../lib/common/logger.js';
import { Message } from '../../lib/common/message.js';
import { TcpTransport } from '../../lib/remoting/transport/tcp-transport.js';
import { eventually } from '../support/eventually.js';
import { startEngine, writeTable } from '../support/test-engine.js';
import { ApacheProcess } from './apache-process.js';
import { runJava, workDirectory } from './java.js';

const QUEUES = 4;
const TIMEOUT = 180_000;

/** A store with a topic that all brokers are to have. */
function storeWith(topicName: string): string {
  const directory = join(workDirectory(), 'store');
  const topic = { topicName, readQueueNums: QUEUES, writeQueueNums: QUEUES, perm: 6 };
  writeTable(directory, 'topics.json', { topicConfigTable: { [topicName]: topic } });
  return directory;
}

function connectTo(namesrvAddr: string): MQClientInstance {
  const transport = new TcpTransport({ clock: systemClock, logger: silentLogger });
  const options = { transport, clock: systemClock, random: Math.random, logger: silentLogger };
  const instance = new MQClientInstance({ ...options, namesrvAddrs: [namesrvAddr] });
  onTestFinished(() => instance.shutdown());
  return instance;
}

async function brokersOf(namesrvAddr: string, topic: string): Promise<string[]> {
  const route = await connectTo(namesrvAddr).updateTopicRouteInfo(topic);
  return route?.queueDatas.map(({ brokerName }) => brokerName).toSorted() ?? [];
}

/** Java's client and ours send to each queue of both brokers, and consume what they sent. */
async function expectBothServe(namesrvAddr: string, topic: string): Promise<void> {
  await expect.poll(() => brokersOf(namesrvAddr, topic), { timeout: 10_000 }).toEqual(['broker-a', 'ours']);
  expect(await runJava('EveryQueue', {}, namesrvAddr, topic)).toEqual([
    `sent: {broker-a=${QUEUES}, ours=${QUEUES}}`,
    'consumed: true',
  ]);
  const instance = connectTo(namesrvAddr);
  const producer = new DefaultMQProducer(instance);
  producer.start();
  const got = new Set<string>();
  const consumer = new DefaultMQPushConsumer(
    instance,
    { consumerGroup: 'g', consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET' },
    {
      concurrently: (messages) => {
        for (const { body, brokerName } of messages) got.add(`${brokerName}:${body.toString()}`);
        return 'CONSUME_SUCCESS';
      },
    },
  );
  consumer.subscribe(topic);
  await consumer.start();
  const sends = Array.from({ length: 4 * QUEUES }, (_, i) =>
    producer.send(new Message(topic, Buffer.from(`m${i}`))),
  );
  const sent = (await Promise.all(sends)).map(({ messageQueue }, i) => `${messageQueue.brokerName}:m${i}`);
  expect(new Set(sent.map((id) => id.split(':')[0]))).toEqual(new Set(['broker-a', 'ours']));
  await eventually(() => sent.every((id) => got.has(id)), 30_000);
  await consumer.shutdown();
  producer.shutdown();
}

describe('a cluster of an engine and an Apache broker', () => {
  it('works under an Apache name server', { timeout: TIMEOUT }, async () => {
    const namesrv = await ApacheProcess.namesrv();
    const properties = { storePathRootDir: storeWith('both') };
    await ApacheProcess.broker(namesrv.address, { properties });
    const engine = await startEngine({
      directory: storeWith('both'),
      engine: { listen: { listenPort: 0 }, brokerName: 'ours', namesrvAddr: namesrv.address },
    });
    await expectBothServe(namesrv.address, 'both');
    await engine.close();
    await expect.poll(() => brokersOf(namesrv.address, 'both'), { timeout: 10_000 }).toEqual(['broker-a']);
  });

  it(
    'works under the name server of the engine, which sees at once when the broker dies',
    { timeout: TIMEOUT },
    async () => {
      const engine = await startEngine({
        directory: storeWith('both'),
        engine: { listen: { listenPort: 0, nameServerPort: 0 }, brokerName: 'ours' },
      });
      const [namesrvAddr] = engine.namesrvAddrs;
      const properties = { storePathRootDir: storeWith('both') };
      const broker = await ApacheProcess.broker(namesrvAddr!, { properties });
      await expectBothServe(namesrvAddr!, 'both');
      await broker.end('SIGKILL');
      await expect.poll(() => brokersOf(namesrvAddr!, 'both'), { timeout: 10_000 }).toEqual(['ours']);
      expect(engine.logger.lines.join('\n')).toContain('Broker broker-a (id 0)');
      expect(engine.logger.lines.filter((line) => line.startsWith('ERROR'))).toEqual([]);
    },
  );
});
