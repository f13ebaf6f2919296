import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../lib/common/clock.js';
import { silentLogger } from '../../lib/common/logger.js';
import { createReplyMessage, isRequest } from '../../lib/client/index.js';
import { TcpTransport } from '../../lib/remoting/transport/tcp-transport.js';
import type { Cluster } from '../conformance/cluster.js';
import { TestEngine } from '../support/test-engine.js';
import { message, startConsumer, startProducer } from '../support/test-peers.js';
import { ApacheCluster } from './apache-cluster.js';
import { clientJars, runJava, spawnJava, workDirectory } from './java.js';

/** Later clients, up to 5.3.3, fail with every request (issue 9608 of RocketMQ). */
const JARS_OF_REQUESTERS = clientJars('5.3.0');

const SOON = { 'rocketmq.client.rebalance.waitInterval': '1000' };
const connect = () => new TcpTransport({ clock: systemClock, logger: silentLogger });

async function startEngineCluster(): Promise<Cluster> {
  const listen = { nameServerPort: 0, listenPort: 0 };
  const directory = mkdtempSync(join(tmpdir(), 'rocketmq-interop-'));
  const engine = new TestEngine(directory, { engine: { listen } });
  await engine.start();
  const close = async () => {
    await engine.close();
    rmSync(directory, { recursive: true, force: true });
  };
  return { namesrvAddrs: engine.namesrvAddrs, connect, close };
}

async function startApache(): Promise<Cluster> {
  const apache = await ApacheCluster.start('single');
  return { namesrvAddrs: [apache.namesrvAddr], connect, close: () => apache.close() };
}

const upperCase = (body: Buffer) => Buffer.from(body.toString().toUpperCase());

describe.each([
  ['the engine', startEngineCluster],
  ['Apache RocketMQ', startApache],
])('request and reply with the official Java client on %s', (_name, start) => {
  let cluster: Cluster;
  beforeAll(async () => void (cluster = await start()), 60_000);
  afterAll(() => cluster?.close());

  it('answers a requester in Java', { timeout: 120_000 }, async ({ skip }) => {
    skip(!existsSync(JARS_OF_REQUESTERS), 'its jars could not be fetched');
    const producer = startProducer(cluster);
    await producer.send(message('java-asks', 'creates the topic'));
    await startConsumer(
      cluster,
      'our-replier',
      { 'java-asks': '*' },
      {
        concurrently: async ([request]) => {
          const reply = createReplyMessage(request!, upperCase(request!.body));
          if (isRequest(request!)) await producer.sendAsync(reply);
          return 'CONSUME_SUCCESS' as const;
        },
      },
    );
    const options = { jars: JARS_OF_REQUESTERS, system: SOON };
    const lines = await runJava('RequestReply', options, cluster.namesrvAddrs[0]!, 'request', 'java-asks');
    expect(lines.filter((line) => line.startsWith('reply: '))).toEqual(
      Array.from({ length: 5 }, (_, i) => `reply: TEXT ${i}`),
    );
  });

  it('is answered by a replier in Java', { timeout: 120_000 }, async () => {
    const producer = startProducer(cluster);
    await producer.send(message('we-ask', 'creates the topic'));
    const parameters = [cluster.namesrvAddrs[0]!, 'reply', 'we-ask'];
    const java = spawnJava(workDirectory(), 'RequestReply', { system: SOON }, ...parameters);
    const ended = once(java, 'exit');
    onTestFinished(async () => {
      java.kill('SIGKILL');
      await ended;
    });
    for await (const line of createInterface(java.stdout)) if (line === 'ready') break;
    const replies = await Promise.all(
      ['one', 'two'].map((text) => producer.request(message('we-ask', text), { timeout: 60_000 })),
    );
    expect(replies.map(({ body }) => body.toString())).toEqual(['ONE', 'TWO']);
  });
});
