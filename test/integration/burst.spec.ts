import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../lib/common/clock.js';
import { silentLogger } from '../../lib/common/logger.js';
import type { EngineOptions } from '../../lib/engine/index.js';
import type { RocketMQError } from '../../lib/errors/index.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { ResponseCode } from '../../lib/remoting/response-code.js';
import { TcpTransport } from '../../lib/remoting/transport/tcp-transport.js';
import { RocketMQTemplate } from '../../lib/template/rocketmq-template.js';
import { eventually } from '../support/eventually.js';
import { SimulatedDisk } from '../support/simulated-file-system.js';
import { TestClient } from '../support/test-client.js';
import { startEngine } from '../support/test-engine.js';
import { startProducer } from '../support/test-peers.js';

const TOPIC = 'BenchmarkTest';
const BURST = 50_000;
const FEWER = 20_000;
/** Sends that are made in one turn. */
const AT_ONCE = 1000;
const MIB = 1024 * 1024;
const PENDING = 3000;
const QUEUED = 1000;
/** What the sends that wait may take in engine and client: far less than all of them would. */
const MAX_GROWTH = 20 * MIB;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function heapUsed(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

const OPTIONS: EngineOptions = {
  flushDiskType: 'SYNC_FLUSH',
  mappedFileSizeCommitLog: 64 * MIB,
  syncFlushTimeout: 600_000,
  maxPendingMessages: PENDING,
  sendThreadPoolQueueCapacity: QUEUED,
};

/** An engine on a disk that can be held, a template, and what becomes of what it sends. */
async function open(isRemote: boolean, options: EngineOptions) {
  const disk = new SimulatedDisk({ now: Date.now });
  const listen = isRemote ? { nameServerPort: 0, listenPort: 0 } : false;
  const engine = await startEngine({
    directory: '/store',
    fileSystem: disk.mount(),
    engine: { ...OPTIONS, listen, ...options },
  });
  const { namesrvAddrs } = engine;
  const connect = isRemote
    ? () => new TcpTransport({ clock: systemClock, logger: silentLogger })
    : () => engine.connect();
  const cluster = { namesrvAddrs, connect, close: async () => {} };
  const client = await TestClient.open(cluster);
  const producer = startProducer(cluster, {
    producer: { sendMsgTimeout: 600_000, retryTimesWhenSendFailed: isRemote ? 0 : 2 },
  });
  const clockNow = Date.now;
  const template = new RocketMQTemplate(producer, {
    isSpringCompatible: false,
    clockNow,
    logger: silentLogger,
  });
  onTestFinished(() => disk.releaseSyncs());
  await template.syncSend(TOPIC, 'first');
  const acknowledged: string[] = ['first'];
  const refused: RocketMQError[] = [];
  const send = (body: string): void =>
    void template.syncSend(TOPIC, body).then(
      () => acknowledged.push(body),
      (error: RocketMQError) => refused.push(error),
    );
  const stored = async () => {
    const { body } = await client.route(TOPIC);
    const bodies: string[] = [];
    for (let queueId = 0; queueId < body!.queueDatas[0]!.readQueueNums; queueId++)
      bodies.push(...(await client.read(TOPIC, queueId)).map((message) => message.body.toString()));
    return bodies;
  };
  return { disk, client, template, send, stored, acknowledged, refused };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const bodyOf = (number: number) => `${number} ${'x'.repeat(200)}`;

describe.each([
  ['in process', false],
  ['over TCP', true],
])('a burst of sends %s', { timeout: 60_000 }, (_name, isRemote) => {
  it('at a disk that hangs is refused as far as it does not fit, and nothing grows', async () => {
    const { disk, client, template, send, stored, acknowledged, refused } = await open(isRemote, {});
    disk.holdsSyncs = true;
    const before = heapUsed();
    for (let sent = 0; sent < BURST; sent += AT_ONCE) {
      for (let i = 0; i < AT_ONCE; i++) send(bodyOf(sent + i));
      await turn();
    }
    await eventually(() => refused.length === BURST - PENDING, 40_000);
    const { body } = await client.call(RequestCode.GET_BROKER_RUNTIME_INFO, undefined);
    expect(body!.table.get('sendThreadPoolQueueSize')).toBe('0');
    expect(Number(body!.table.get('dispatchBehindBytes'))).toBeLessThan(PENDING * 600);
    expect(new Set(refused.map(({ responseCode }) => responseCode))).toEqual(
      new Set([ResponseCode.SYSTEM_BUSY]),
    );
    expect(refused[0]!.retryable).toBe(true);
    expect(refused[0]!.message).toContain('start flow control for a while');
    expect(refused[0]!.message).toContain('it has not stored the message: send it again a little later');
    refused.length = 0;
    const growth = heapUsed() - before;
    expect(growth).toBeLessThan(MAX_GROWTH);
    disk.releaseSyncs();
    await eventually(() => acknowledged.length === PENDING + 1);
    await template.syncSend(TOPIC, 'after');
    expect((await stored()).toSorted()).toEqual([...acknowledged, 'after'].toSorted());
  });

  it('at a disk that is slow is stored as far as it is acknowledged', async () => {
    const { disk, send, stored, acknowledged, refused } = await open(isRemote, {});
    disk.holdsSyncs = true;
    for (let sent = 0; sent < FEWER; sent += AT_ONCE) {
      for (let i = 0; i < AT_ONCE; i++) send(bodyOf(sent + i));
      await turn();
      if (sent % (5 * AT_ONCE) === 0) disk.releaseSyncs();
      disk.holdsSyncs = true;
    }
    await eventually(() => {
      disk.releaseSyncs();
      return acknowledged.length + refused.length === FEWER + 1;
    }, 40_000);
    expect(acknowledged.length).toBeGreaterThan(PENDING);
    expect(refused.filter(({ responseCode }) => responseCode !== ResponseCode.SYSTEM_BUSY)).toEqual([]);
    expect((await stored()).toSorted()).toEqual(acknowledged.toSorted());
  });

  it('at a disk that keeps up is stored as a whole with the default limits', async () => {
    const { send, stored, acknowledged, refused } = await open(isRemote, {
      maxPendingMessages: 65_536,
      sendThreadPoolQueueCapacity: 10_000,
    });
    for (let i = 0; i < FEWER; i++) send(bodyOf(i));
    await eventually(() => acknowledged.length + refused.length === FEWER + 1, 40_000);
    expect(refused).toEqual([]);
    expect(await stored()).toHaveLength(FEWER + 1);
  });
});
