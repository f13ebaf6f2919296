import { setTimeout } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import {
  DefaultLitePullConsumer,
  type MessageListener,
  type MQClientInstance,
} from '../../lib/client/index.js';
import type { MessageExt } from '../../lib/common/message-ext.js';
import type { Cluster } from '../conformance/cluster.js';
import { LyingProxy, ProxiedTransport } from '../support/lying-proxy.js';
import { SeededRandom } from '../support/random.js';
import { TestClient } from '../support/test-client.js';
import { startEngine } from '../support/test-engine.js';
import { message, startConsumer, startInstance, startProducer } from '../support/test-peers.js';

const LIES = Number(process.env['ROCKETMQ_FUZZ_LIES'] ?? 300);
const SEED = Number(process.env['ROCKETMQ_FUZZ_SEED'] ?? Date.now() % 1_000_000);
const SENDERS = 16;
/** Messages of a round, and milliseconds that it may take. */
const ROUND = 20;
const ROUND_TIME = 2000;
const MIB = 2 ** 20;

/** A consumer that polls until it is to end. */
async function startLite(instance: MQClientInstance, note: (messages: readonly MessageExt[]) => void) {
  const lite = new DefaultLitePullConsumer(instance, { consumerGroup: 'lite' });
  await lite.start();
  await lite.subscribe('t');
  let isOver = false;
  const polling = (async () => {
    while (!isOver) note(await lite.poll(100));
  })();
  onTestFinished(async () => {
    isOver = true;
    await polling;
    await lite.shutdown();
  });
}

/** One of each kind; returns, by group, the bodies of what it got. */
async function startConsumers(
  cluster: Cluster,
  instance: MQClientInstance,
): Promise<Map<string, Set<string>>> {
  const got = new Map<string, Set<string>>();
  const handler = <S>(group: string, status: S) => {
    const bodies = new Set<string>();
    got.set(group, bodies);
    return (messages: readonly MessageExt[]): S => {
      for (const { body } of messages) bodies.add(body.toString());
      return status;
    };
  };
  const listeners: Record<string, MessageListener> = {
    push: { concurrently: handler('push', 'CONSUME_SUCCESS') },
    orderly: { orderly: handler('orderly', 'SUCCESS') },
    pop: { concurrently: handler('pop', 'CONSUME_SUCCESS') },
  };
  const byBroker = { clientRebalance: false, popInvisibleTime: 5000 };
  for (const [group, listener] of Object.entries(listeners)) {
    const consumer = group === 'pop' ? byBroker : {};
    await startConsumer(cluster, group, { t: '*' }, listener, { instance, consumer });
  }
  await startLite(instance, handler('lite', undefined));
  return got;
}

const portOf = (address: string): number => Number(address.split(':')[1]);

it(
  `a client works on when servers have told ${LIES} lies (seed ${SEED})`,
  async () => {
    const random = new SeededRandom(SEED);
    const engine = await startEngine({ engine: { listen: { nameServerPort: 0, listenPort: 0 } } });
    const client = await TestClient.open(engine);
    await client.send('t', { defaultTopicQueueNums: 4 });
    const broker = (await client.route('t')).body!.brokerDatas[0]!.brokerAddrs.get(0)!;
    const proxies = new Map<string, LyingProxy>();
    for (const address of [...engine.namesrvAddrs, broker])
      proxies.set(address, await LyingProxy.start(portOf(address), random));
    const lies = () => [...proxies.values()].reduce((sum, proxy) => sum + proxy.lies, 0);

    const often = { pollNameServerInterval: 1000, heartbeatBrokerInterval: 1000, rebalanceInterval: 1000 };
    const open = () => ({ transport: new ProxiedTransport(proxies), client: often });
    const producer = startProducer(engine, open());
    const instance = startInstance(engine, open());
    const got = await startConsumers(engine, instance);

    const before = process.memoryUsage().rss;
    const sendUntilEnough = async () => {
      for (let i = 0; lies() < LIES; i++)
        await producer.send(message('t', `lied ${i}`), { timeout: 300 }).catch(() => {});
    };
    await Promise.all(Array.from({ length: SENDERS }, sendUntilEnough));
    for (const proxy of proxies.values()) proxy.becomeHonest();

    const missing = async (round: number) => {
      const bodies = Array.from({ length: ROUND }, (_, i) => `honest ${round} ${i}`);
      for (const body of bodies) await producer.send(message('t', body)).catch(() => {});
      const end = Date.now() + ROUND_TIME;
      const left = () => [...got].filter(([, seen]) => !bodies.every((body) => seen.has(body)));
      while (left().length > 0 && Date.now() < end) await setTimeout(20);
      return left().map(([group]) => group);
    };
    let left = ['all'];
    for (let round = 0; round < 20 && left.length > 0; round++) left = await missing(round);
    expect(left).toEqual([]);
    expect((process.memoryUsage().rss - before) / MIB).toBeLessThan(256);
  },
  LIES * 20 + 60_000,
);
