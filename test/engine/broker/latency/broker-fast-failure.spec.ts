import { describe, expect, it, onTestFinished } from 'vitest';
import type { EngineOptions } from '../../../../lib/engine/index.js';
import type { RemotingResponse } from '../../../../lib/remoting/remoting-command.js';
import { RequestCode } from '../../../../lib/remoting/request-code.js';
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
  const start = () =>
    startEngine({
      directory: '/store',
      clock,
      fileSystem: disk.mount(),
      engine: { flushDiskType: 'SYNC_FLUSH', ...LARGE, ...options },
    });
  const engine = await start();
  const client = await TestClient.open(engine);
  onTestFinished(() => {
    disk.releaseSyncs();
    disk.releaseTransfers();
  });
  const answers: Answer[] = [];
  /** Sends messages with the bodies 'first', 'first + 1', … */
  const send = (count: number, first = 0, fields = {}) => {
    for (let i = first; i < first + count; i++)
      void client.send(TOPIC, { body: `${i}`, ...fields }).then((answer) => answers.push(answer), ended);
  };
  const stored = async () => (await client.read(TOPIC)).map(({ body }) => body.toString());
  return { clock, disk, engine, client, answers, send, stored, start };
}

/** At the end of a test some sends may still wait. */
const ended = () => {};
const numbers = (count: number) => Array.from({ length: count }, (_, i) => `${i}`);
const codes = (answers: readonly Answer[], code: ResponseCode) =>
  answers.filter((answer) => answer.code === code).length;

/** What the refusals begin with. */
const reasons = (answers: readonly Answer[]) =>
  new Set(answers.flatMap(({ remark }) => /^\[\w+\]/.exec(remark ?? '')?.[0] ?? []));

/** Ten sends wait for the disk, and those behind them for the store. */
const TEN = { maxPendingMessages: 10 };

describe('sends behind a slow disk', () => {
  it('wait for the store, and for a blocked event loop, and are stored in their order when it has room', async () => {
    const { clock, disk, answers, send, stored } = await open(TEN);
    disk.holdsSyncs = true;
    send(40);
    await clock.advance(199);
    // Timers run before what the disk has done meanwhile is heard.
    clock.pass(2000);
    await clock.advance(10);
    expect(answers).toEqual([]);
    disk.releaseSyncs();
    await settle(20);
    expect(codes(answers, ResponseCode.SUCCESS)).toBe(40);
    expect(await stored()).toEqual(numbers(40));
  });

  it('are refused after waitTimeMillsInSendQueue, and not stored; sending resumes by itself', async () => {
    const { clock, disk, engine, answers, send, stored } = await open(TEN);
    disk.holdsSyncs = true;
    send(13);
    await clock.advance(190);
    expect(answers).toEqual([]);
    await clock.advance(10);
    expect(answers).toEqual(
      [2, 1, 0].map((left) => ({
        code: ResponseCode.SYSTEM_BUSY,
        remark: `[TIMEOUT_CLEAN_QUEUE]${BUSY}, period in queue: 200ms, size of queue: ${left}`,
        header: undefined,
        body: undefined,
      })),
    );
    expect(engine.logger.lines).toContain(
      'WARN The disk is behind: requests are refused as SYSTEM_BUSY (1 since the start)',
    );
    disk.releaseSyncs();
    await settle(10);
    send(5, 10);
    await settle(10);
    expect(codes(answers, ResponseCode.SUCCESS)).toBe(15);
    expect(await stored()).toEqual(numbers(15));
  });

  it('wait until their sender gives up without brokerFastFailureEnable', async () => {
    const { clock, disk, answers, send, stored } = await open({ ...TEN, brokerFastFailureEnable: false });
    disk.holdsSyncs = true;
    send(13);
    await clock.advance(4000);
    expect(answers).toEqual([]);
    disk.releaseSyncs();
    await clock.advance(50);
    expect(await stored()).toEqual(numbers(13));
  });

  it.each([
    ['sendThreadPoolQueueCapacity', { sendThreadPoolQueueCapacity: 20 }, {}, 20],
    ['maxPendingBytes', { maxPendingBytes: 20_000 }, { body: 'x'.repeat(1000) }, 20],
  ])('are refused at once above %s', async (_name, options, fields, waiting) => {
    const { clock, disk, answers, send } = await open({ maxPendingMessages: 3, ...options });
    disk.holdsSyncs = true;
    send(100, 0, fields);
    await settle(10);
    const remark = '[OVERLOAD]system busy, start flow control for a while';
    expect(answers).toHaveLength(100 - 3 - waiting);
    expect(new Set(answers.map((answer) => answer.remark))).toEqual(new Set([remark]));
    disk.releaseSyncs();
    await clock.advance(50);
    expect(codes(answers, ResponseCode.SUCCESS)).toBe(3 + waiting);
  });

  it('keep the body that they had when they were sent', async () => {
    const { clock, disk, client, send, stored } = await open(TEN);
    disk.holdsSyncs = true;
    send(10);
    const body = Buffer.from('as sent');
    const batch = [{ body: Buffer.from('of a batch') }];
    void client.send(TOPIC, { body });
    void client.sendBatch(TOPIC, batch);
    await settle();
    body.fill('x');
    batch[0]!.body.fill('x');
    disk.releaseSyncs();
    await clock.advance(50);
    expect(await stored()).toEqual([...numbers(10), 'as sent', 'of a batch']);
  });

  it('do not overtake those that wait', async () => {
    const { clock, disk, send, stored } = await open(TEN);
    disk.holdsSyncs = true;
    send(15);
    await settle();
    disk.releaseSyncs();
    for (let first = 15; first < 60; first += 5) {
      send(5, first);
      await settle(1);
    }
    await clock.advance(50);
    expect(await stored()).toEqual(numbers(60));
  });

  it('are told at the end of the engine that it ends', async () => {
    const { disk, engine, answers, send } = await open(TEN);
    disk.holdsSyncs = true;
    send(13);
    await settle();
    const closed = engine.close();
    disk.releaseSyncs();
    await closed;
    expect(codes(answers, ResponseCode.SUCCESS)).toBeGreaterThanOrEqual(10);
    expect(answers).toHaveLength(13);
    expect(answers.filter(({ remark }) => remark?.includes('the message store is shut down'))).toHaveLength(
      13 - codes(answers, ResponseCode.SUCCESS),
    );
  });

  it('are told that the log cannot be written, not that the broker is busy', async () => {
    const { clock, disk, answers, send } = await open(TEN);
    disk.holdsSyncs = true;
    send(13);
    await settle();
    disk.faults.push({ operation: 'sync', path: /commitlog/, code: 'EIO' });
    disk.releaseSyncs();
    await clock.advance(50);
    expect(codes(answers, ResponseCode.SUCCESS)).toBe(10);
    expect(codes(answers, ResponseCode.SERVICE_NOT_AVAILABLE)).toBe(3);
  });

  it('wait too when the table of topics is what is behind', async () => {
    const { clock, disk, client, answers } = await open({ ...TEN, flushDiskType: 'ASYNC_FLUSH' });
    disk.holdsSyncs = true;
    for (let i = 0; i < 13; i++) void client.send('new-topic').then((answer) => answers.push(answer), ended);
    await clock.advance(190);
    expect(answers).toEqual([]);
    await clock.advance(10);
    expect(codes(answers, ResponseCode.SYSTEM_BUSY)).toBe(3);
    disk.releaseSyncs();
    await clock.advance(50);
    expect(codes(answers, ResponseCode.SUCCESS)).toBe(10);
    expect(await client.read('new-topic')).toHaveLength(10);
  });

  it('show in the runtime information of the broker', async () => {
    const { clock, disk, client, send } = await open(TEN);
    disk.holdsSyncs = true;
    send(13);
    await clock.advance(100);
    const { body } = await client.call(RequestCode.GET_BROKER_RUNTIME_INFO, undefined);
    expect(Object.fromEntries(body!.table)).toMatchObject({
      sendThreadPoolQueueSize: '3',
      sendThreadPoolQueueCapacity: '10000',
      sendThreadPoolQueueHeadWaitTimeMills: '100',
      pullThreadPoolQueueCapacity: '100000',
      EndTransactionQueueSize: '0',
      EndTransactionThreadPoolQueueCapacity: '100000',
    });
  });
});

describe('sends behind a write that is stuck', () => {
  it('are refused in each of the words of Apache, until the disk goes on', async () => {
    const { clock, disk, client, answers, send, stored } = await open({ maxPendingBytes: 4_000_000 });
    await client.send(TOPIC, { body: '0' });
    await settle(30);
    disk.holdsTransfers = true;
    const body = 'x'.repeat(100_000);
    // Those at first reach the place that the disk is at, and go on behind it.
    send(40, 1, { body });
    await settle(10);
    send(60, 1, { body });
    await settle(10);
    const acknowledged = codes(answers, ResponseCode.SUCCESS);
    await clock.advance(150);
    expect(answers).toHaveLength(acknowledged);
    await clock.advance(850);
    expect(reasons(answers)).toEqual(new Set(['[TIMEOUT_CLEAN_QUEUE]', '[PC_SYNCHRONIZED]']));
    expect(answers).toHaveLength(100);
    expect((await client.send(TOPIC)).remark).toBe(
      '[REJECTREQUEST]system busy, start flow control for a while',
    );
    disk.releaseTransfers();
    await settle(10);
    expect((await client.send(TOPIC, { body: 'last' })).code).toBe(ResponseCode.SUCCESS);
    expect(await stored()).toEqual(['0', ...Array<string>(acknowledged).fill(body), 'last']);
  });

  it('and that wait for the store when it is found stuck are refused with the others', async () => {
    const { clock, disk, client, answers, send } = await open({
      maxPendingBytes: 2_000_000,
      waitTimeMillsInSendQueue: 60_000,
    });
    await client.send(TOPIC);
    await settle(30);
    disk.holdsTransfers = true;
    send(20, 0, { body: 'x'.repeat(100_000) });
    await settle(10);
    send(30, 0, { body: 'x'.repeat(100_000) });
    await clock.advance(1010);
    expect(reasons(answers)).toEqual(new Set(['[PC_SYNCHRONIZED]', '[PCBUSY_CLEAN_QUEUE]']));
    disk.releaseTransfers();
  });
});

describe('the end of a transaction behind a slow disk', () => {
  it('waits for the store up to waitTimeMillsInTransactionQueue', async () => {
    const { clock, disk, client, send } = await open(TEN);
    disk.holdsSyncs = true;
    send(10);
    await settle();
    let answer: Answer | undefined;
    void client
      .call(RequestCode.END_TRANSACTION, {
        topic: TOPIC,
        producerGroup: 'p',
        tranStateTableOffset: 0,
        commitLogOffset: 0,
        commitOrRollback: 8,
        fromTransactionCheck: false,
        msgId: '',
        transactionId: '',
      })
      .then((response) => (answer = response));
    await clock.advance(2990);
    expect(answer).toBeUndefined();
    await clock.advance(10);
    expect(answer!.remark).toBe(`[TIMEOUT_CLEAN_QUEUE]${BUSY}, period in queue: 3000ms, size of queue: 0`);
    disk.releaseSyncs();
  });
});

describe('acknowledgements behind a slow disk', () => {
  it('wait for the store up to waitTimeMillsInAckQueue', async () => {
    const { clock, disk, client, send } = await open(TEN);
    disk.holdsSyncs = true;
    send(10);
    await settle();
    const queue = { topic: TOPIC, consumerGroup: 'g', queueId: 0, offset: 0 };
    let answer: Answer | undefined;
    void client
      .call(RequestCode.ACK_MESSAGE, { ...queue, extraInfo: '0 0 0 0 0 broker-a 0' })
      .then((response) => (answer = response));
    await clock.advance(2990);
    expect(answer).toBeUndefined();
    await clock.advance(10);
    expect(answer!.remark).toBe(`[TIMEOUT_CLEAN_QUEUE]${BUSY}, period in queue: 3000ms, size of queue: 0`);
  });
});

it('takes up ends of transactions before sends', async () => {
  const { clock, disk, client, send } = await open(TEN);
  disk.holdsSyncs = true;
  send(10);
  const order: string[] = [];
  void client.send(TOPIC).then(() => order.push('send'), ended);
  send(20);
  const fields = { topic: TOPIC, producerGroup: 'p', tranStateTableOffset: 0, commitLogOffset: 0 };
  const commit = {
    ...fields,
    commitOrRollback: 8,
    fromTransactionCheck: false,
    msgId: '',
    transactionId: '',
  };
  void client.call(RequestCode.END_TRANSACTION, commit).then(() => order.push('end'));
  await settle();
  disk.releaseSyncs();
  await clock.advance(50);
  expect(order).toEqual(['end', 'send']);
});
