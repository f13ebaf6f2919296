import { describe, expect, it, onTestFinished } from 'vitest';
import type { EngineOptions } from '../../../../lib/engine/index.js';
import { PullSysFlag } from '../../../../lib/common/pull-sys-flag.js';
import type { RemotingResponse } from '../../../../lib/remoting/remoting-command.js';
import { ResponseCode } from '../../../../lib/remoting/response-code.js';
import { SimulatedDisk } from '../../../support/simulated-file-system.js';
import { TestClient } from '../../../support/test-client.js';
import { startEngine } from '../../../support/test-engine.js';
import { settle, VirtualClock } from '../../../support/virtual-clock.js';

const TOPIC = 'BenchmarkTest';
const BUSY = 'broker busy, start flow control for a while';
const LARGE = { mappedFileSizeCommitLog: 8 * 1024 * 1024 };

type Answer = Pick<RemotingResponse, 'code' | 'remark'>;

async function open(options: EngineOptions = {}) {
  const clock = new VirtualClock();
  const disk = new SimulatedDisk({ now: () => clock.now() });
  const started = { directory: '/store', clock, fileSystem: disk.mount() };
  const engine = await startEngine({
    ...started,
    engine: { flushDiskType: 'SYNC_FLUSH', ...LARGE, ...options },
  });
  onTestFinished(() => disk.releaseTransfers());
  return { clock, disk, engine, client: await TestClient.open(engine) };
}

describe('pulls', () => {
  /** An engine whose messages are on the disk only. */
  async function openCold(options: EngineOptions = {}) {
    const first = await open();
    for (let i = 0; i < 20; i++) await first.client.send(TOPIC, { body: `${i}` });
    await first.engine.close();
    first.disk.kill();
    const engine = await startEngine({
      directory: '/store',
      clock: first.clock,
      fileSystem: first.disk.mount(),
      engine: { ...LARGE, accessMessageInMemoryMaxRatio: 0, ...options },
    });
    first.disk.holdsTransfers = /commitlog/;
    return { ...first, engine, client: await TestClient.open(engine) };
  }

  it('of what is on the disk wait for each other, and go on by themselves', async () => {
    const { disk, clock, client } = await openCold();
    // Pulls of more messages would share what is read for them.
    const pulls = Array.from({ length: 30 }, () => client.pull(TOPIC, 'g', { maxMsgNums: 1 }));
    await settle(10);
    expect(disk.heldTransferCount).toBe(8);
    for (let i = 0; i < 22; i++) {
      disk.releaseTransfer();
      await settle();
      expect(disk.heldTransferCount).toBe(8);
    }
    disk.releaseTransfers();
    await clock.advance(50);
    for (const { code } of await Promise.all(pulls)) expect(code).toBe(ResponseCode.SUCCESS);
  });

  it('of what is in memory do not wait for those of what is on the disk', async () => {
    const { disk, client } = await openCold();
    await client.send(TOPIC, { body: 'new' });
    const cold = Array.from({ length: 9 }, () => client.pull(TOPIC, 'g', { maxMsgNums: 1 }));
    await settle(10);
    expect(disk.heldTransferCount).toBe(8);
    const answers: Answer[] = [];
    for (const queueOffset of [20, 21])
      void client.pull(TOPIC, 'g', { queueOffset }).then((answer) => answers.push(answer));
    await settle(10);
    expect(answers.map(({ code }) => code)).toEqual([ResponseCode.SUCCESS, ResponseCode.PULL_NOT_FOUND]);
    disk.releaseTransfers();
    await Promise.all(cold);
  });

  it('are refused after waitTimeMillsInPullQueue, and above pullThreadPoolQueueCapacity', async () => {
    const { disk, clock, client } = await openCold({ pullThreadPoolQueueCapacity: 20 });
    const answers: Answer[] = [];
    for (let i = 0; i < 30; i++) void client.pull(TOPIC, 'g').then((answer) => answers.push(answer));
    await settle(10);
    expect(answers.map(({ remark }) => remark)).toEqual(
      Array(2).fill('[OVERLOAD]system busy, start flow control for a while'),
    );
    await clock.advance(4990);
    expect(answers).toHaveLength(2);
    await clock.advance(10);
    expect(answers).toHaveLength(22);
    expect(answers.at(-1)).toMatchObject({
      code: ResponseCode.SYSTEM_BUSY,
      remark: `[TIMEOUT_CLEAN_QUEUE]${BUSY}, period in queue: 5000ms, size of queue: 0`,
    });
    disk.releaseTransfers();
  });

  it('that find nothing are held up to maxPullPollingSize', async () => {
    const { client, clock } = await open({ maxPullPollingSize: 2 });
    await client.send(TOPIC);
    const hold = {
      queueOffset: 1,
      sysFlag: PullSysFlag.SUBSCRIPTION | PullSysFlag.SUSPEND,
      suspendTimeoutMillis: 5000,
    };
    const held = [client.pull(TOPIC, 'g', hold), client.pull(TOPIC, 'g', hold)];
    expect(await client.pull(TOPIC, 'g', hold)).toMatchObject({
      code: ResponseCode.SYSTEM_BUSY,
      remark: '[POLLING_FULL]broker busy, it holds 2 pulls (maxPullPollingSize)',
    });
    await clock.advance(6000);
    for (const { code } of await Promise.all(held)) expect(code).toBe(ResponseCode.PULL_NOT_FOUND);
  });
});
