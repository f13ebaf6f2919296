import { describe, expect, it } from 'vitest';
import type { EngineOptions } from '../../../../lib/engine/index.js';
import { RequestCode } from '../../../../lib/remoting/request-code.js';
import type { SendFields } from '../../../support/test-client.js';
import { SimulatedDisk } from '../../../support/simulated-file-system.js';
import { TestClient } from '../../../support/test-client.js';
import { startEngine } from '../../../support/test-engine.js';
import { bodies } from '../../../support/test-peers.js';
import { temporaryDirectory } from '../../../support/test-store.js';
import {
  answer,
  checksOf,
  COMMIT,
  DISCARDED_TOPIC,
  end,
  GROUP,
  HALF_TOPIC,
  OP_TOPIC,
  ROLLBACK,
  sendHalf,
} from '../../../support/transactions.js';
import { HOUR, SECOND, VirtualClock } from '../../../support/virtual-clock.js';

const INTERVAL = 30 * SECOND;

async function open(engine?: EngineOptions) {
  const clock = new VirtualClock();
  const directory = temporaryDirectory();
  const started = await startEngine({ clock, directory, engine });
  const client = await TestClient.open(started);
  await client.producerHeartbeat('one', GROUP);
  const send = (body: string, fields: SendFields = {}) =>
    sendHalf(client, 't', { body, bornTimestamp: clock.now(), ...fields });
  /** Lets time pass, with the heartbeats that keep the producer known. */
  const pass = async (millis: number) => {
    for (let left = millis; left > 0; left -= INTERVAL) {
      await client.producerHeartbeat('one', GROUP);
      await clock.advance(Math.min(left, INTERVAL));
    }
  };
  return { clock, directory, engine: started, client, send, pass };
}

describe('the check of transactions', () => {
  it('asks a producer of the group for what it did not tell', async () => {
    const { client, send, pass } = await open();
    const half = await send('m', { queueId: 2, properties: { TAGS: 'a' } });
    await pass(INTERVAL - 1);
    expect(checksOf(client)).toEqual([]);
    await pass(1);
    const [{ request, message }] = checksOf(client) as [ReturnType<typeof checksOf>[0]];
    expect(message).toMatchObject({ topic: 't', queueId: 2, msgId: half.uniqKey, tags: 'a' });
    expect(message.body.toString()).toBe('m');
    expect(message.getProperty('TRANSACTION_CHECK_TIMES')).toBe('1');
    expect(request.header).toMatchObject({
      topic: HALF_TOPIC,
      tranStateTableOffset: 1,
      commitLogOffset: message.commitLogOffset,
      msgId: half.uniqKey,
      transactionId: half.uniqKey,
      offsetMsgId: message.offsetMsgId,
      brokerName: 'broker-a',
    });
    expect((await answer(client, request, COMMIT)).code).toBe(0);
    expect(bodies(await client.read('t', 2))).toEqual(['m']);
    await pass(10 * INTERVAL);
    expect(checksOf(client)).toHaveLength(1);
  });

  it('does not ask about a message that is younger than transactionTimeOut', async () => {
    const { client, send, pass } = await open({ transactionTimeOut: 45 * SECOND });
    await send('m');
    await pass(INTERVAL);
    expect(checksOf(client)).toEqual([]);
    await pass(INTERVAL);
    expect(checksOf(client)).toHaveLength(1);
  });

  it('asks also who said that it does not know, which is answered', async () => {
    const { client, send, pass } = await open();
    expect((await end(client, await send('m'), 0)).code).toBe(0);
    await pass(INTERVAL);
    expect(checksOf(client)).toHaveLength(1);
  });

  it('gives nothing up before the last question can be answered', async () => {
    const { client, send, pass } = await open({ transactionCheckMax: 1 });
    await send('m');
    await pass(INTERVAL);
    const [{ request }] = checksOf(client) as [ReturnType<typeof checksOf>[0]];
    await answer(client, request, COMMIT);
    await pass(INTERVAL);
    expect(bodies(await client.read('t'))).toEqual(['m']);
    expect(await client.read(DISCARDED_TOPIC)).toEqual([]);
  });

  it('does not ask about transactions that have ended', async () => {
    const { client, send, pass } = await open();
    await end(client, await send('committed'), COMMIT);
    await end(client, await send('rolled back'), ROLLBACK);
    await pass(3 * INTERVAL);
    expect(checksOf(client)).toEqual([]);
    expect(bodies(await client.read('t'))).toEqual(['committed']);
    expect((await client.read(OP_TOPIC)).map(({ body, tags }) => [body.toString(), tags])).toEqual([
      ['0,1,', 'd'],
    ]);
  });

  it('gives up after transactionCheckMax, and keeps the message elsewhere', async () => {
    const { client, send, pass } = await open({ transactionCheckMax: 3 });
    const half = await send('m');
    await pass(10 * INTERVAL);
    expect(checksOf(client)).toHaveLength(3);
    expect(await client.read('t')).toEqual([]);
    const [discarded] = await client.read(DISCARDED_TOPIC);
    expect(discarded).toMatchObject({ msgId: half.uniqKey, queueId: 0 });
    expect(discarded!.getProperty('REAL_TOPIC')).toBe('t');
    expect((await client.route(DISCARDED_TOPIC)).body!.queueDatas).toEqual([
      expect.objectContaining({ readQueueNums: 1, writeQueueNums: 1, perm: 6 }),
    ]);
  });

  it.each([DISCARDED_TOPIC, HALF_TOPIC])(
    'asks again about a message that was given up when an administrator resumes it by its record in %s',
    async (topic) => {
      const { client, send, pass } = await open({ transactionCheckMax: 2 });
      const half = await send('m');
      await pass(5 * INTERVAL);
      const [discarded] = await client.read(DISCARDED_TOPIC);
      const resume = (msgId: string) => client.call(RequestCode.RESUME_CHECK_HALF_MESSAGE, { topic, msgId });
      const record = topic === HALF_TOPIC ? half.msgId : discarded!.offsetMsgId;
      expect((await resume(record)).code).toBe(0);
      await pass(INTERVAL);
      expect(checksOf(client)).toHaveLength(3);
      expect((await answer(client, checksOf(client).at(-1)!.request, COMMIT)).code).toBe(0);
      const [delivered] = await client.read('t');
      expect(delivered!.body.toString()).toBe('m');
      expect((await resume(record)).remark).toContain('is committed');
      for (const msgId of [delivered!.offsetMsgId, 'x', '']) expect((await resume(msgId)).code).toBe(1);
    },
  );

  it('asks once about a message that is resumed by an old record while it is still asked about', async () => {
    const { client, send, pass } = await open();
    const half = await send('m');
    await pass(INTERVAL);
    const fields = { topic: HALF_TOPIC, msgId: half.msgId };
    expect((await client.call(RequestCode.RESUME_CHECK_HALF_MESSAGE, fields)).code).toBe(0);
    await pass(INTERVAL);
    const times = checksOf(client).map(({ message }) => message.getProperty('TRANSACTION_CHECK_TIMES'));
    expect(times).toEqual(['1', '1']);
    expect((await end(client, half, ROLLBACK)).code).toBe(0);
    await pass(3 * INTERVAL);
    expect(checksOf(client)).toHaveLength(2);
  });

  it('asks 15 times', async () => {
    const { client, send, pass } = await open();
    await send('m');
    await pass(20 * INTERVAL);
    expect(checksOf(client)).toHaveLength(15);
    expect(await client.read(DISCARDED_TOPIC)).toHaveLength(1);
  });

  it('takes an end that names the old place of a message that was asked about', async () => {
    const { client, send, pass } = await open();
    const committed = await send('slow');
    const rolledBack = await send('slow too');
    await pass(INTERVAL);
    expect(checksOf(client)).toHaveLength(2);
    expect((await end(client, committed, COMMIT)).code).toBe(0);
    expect((await end(client, rolledBack, ROLLBACK)).code).toBe(0);
    await pass(5 * INTERVAL);
    expect(checksOf(client)).toHaveLength(2);
    expect(bodies(await client.read('t'))).toEqual(['slow']);
  });

  it('delivers once, however often and from wherever a transaction is committed', async () => {
    const { client, send, pass } = await open();
    const half = await send('m');
    await pass(2 * INTERVAL);
    const [first, second] = checksOf(client);
    const ends = [
      answer(client, second!.request, COMMIT),
      answer(client, first!.request, COMMIT),
      end(client, half, COMMIT),
    ];
    expect((await Promise.all(ends)).map(({ code }) => code)).toEqual([0, 0, 0]);
    expect((await answer(client, first!.request, COMMIT)).code).toBe(0);
    expect((await end(client, half, COMMIT)).code).toBe(0);
    expect(bodies(await client.read('t'))).toEqual(['m']);
  });

  it('keeps two transactions apart that have the same unique id', async () => {
    const { client, send } = await open();
    const properties = { UNIQ_KEY: 'SAME' };
    await end(client, await send('first', { properties }), COMMIT);
    await end(client, await send('second', { properties }), COMMIT);
    expect(bodies(await client.read('t'))).toEqual(['first', 'second']);
  });

  it('waits as long as CHECK_IMMUNITY_TIME_IN_SECONDS says', async () => {
    const { client, send, pass } = await open();
    const half = await send('m', { properties: { CHECK_IMMUNITY_TIME_IN_SECONDS: '100' } });
    await pass(3 * INTERVAL);
    expect(checksOf(client)).toEqual([]);
    const [, again] = await client.read(HALF_TOPIC);
    expect(again!.getProperty('TRAN_PREPARED_QUEUE_OFFSET')).toBe('0');
    expect((await end(client, half, COMMIT)).code).toBe(0);
    await pass(5 * INTERVAL);
    expect(checksOf(client)).toEqual([]);
    expect(bodies(await client.read('t'))).toEqual(['m']);
  });

  it.each([
    ['of the future, never to be asked about', { CHECK_IMMUNITY_TIME_IN_SECONDS: '999999999999' }],
    ['that was asked about less than never', { TRANSACTION_CHECK_TIMES: '-9007199254740000' }],
  ])('gives up a message %s', async (_, properties) => {
    const { clock, client, send } = await open();
    await send('m', { bornTimestamp: Number.MAX_SAFE_INTEGER, properties });
    for (let hour = 0; hour < 42; hour++) {
      clock.pass(HOUR - INTERVAL);
      await clock.advance(INTERVAL);
    }
    expect(bodies(await client.read(DISCARDED_TOPIC))).toEqual(['m']);
    const renewed = (await client.read(HALF_TOPIC)).length;
    await clock.advance(5 * INTERVAL);
    expect(await client.read(HALF_TOPIC)).toHaveLength(renewed);
  });

  it('refuses an end after that time, and asks', async () => {
    const { clock, client, send, pass } = await open();
    const half = await send('m', { properties: { CHECK_IMMUNITY_TIME_IN_SECONDS: '10' } });
    await clock.advance(11 * SECOND);
    expect((await end(client, half, COMMIT)).code).toBe(604);
    await pass(INTERVAL);
    const [{ request }] = checksOf(client) as [ReturnType<typeof checksOf>[0]];
    expect((await answer(client, request, COMMIT)).code).toBe(0);
    expect(bodies(await client.read('t'))).toEqual(['m']);
  });

  it('asks the members of the group in turn, and only those that live', async () => {
    const { engine, client, send, pass } = await open();
    const other = await TestClient.open(engine);
    await other.producerHeartbeat('two', GROUP);
    for (let i = 0; i < 4; i++) await send(`${i}`);
    await pass(INTERVAL);
    expect([checksOf(client).length, checksOf(other).length]).toEqual([2, 2]);
    other.transport.close();
    await pass(INTERVAL);
    expect([checksOf(client).length, checksOf(other).length]).toEqual([6, 2]);
  });

  it('tells when nobody can be asked, and asks when there is somebody', async () => {
    const { clock, engine, client } = await open();
    await sendHalf(client, 't', { bornTimestamp: clock.now() }, 'away');
    await clock.advance(INTERVAL);
    expect(engine.logger.lines.join()).toContain('producer group "away" has no live member');
    await client.producerHeartbeat('one', 'away');
    await clock.advance(INTERVAL);
    expect(checksOf(client)).toHaveLength(1);
  });

  it('goes on after a restart', async () => {
    const { clock, directory, engine, client, send } = await open();
    await end(client, await send('committed'), COMMIT);
    await send('open');
    await end(client, await send('rolled back'), ROLLBACK);
    await engine.close();
    const again = await TestClient.open(await startEngine({ clock, directory }));
    await again.producerHeartbeat('one', GROUP);
    await clock.advance(INTERVAL);
    expect(checksOf(again).map(({ message }) => message.body.toString())).toEqual(['open']);
    await answer(again, checksOf(again)[0]!.request, COMMIT);
    expect(bodies(await again.read('t'))).toEqual(['committed', 'open']);
  });

  it.each([
    ['before', 0],
    ['after', 0],
    ['before', 720 * HOUR],
  ])(
    'delivers once after a power cut %s the end was noted, with a clock that was ahead by %s ms',
    async (moment, ahead) => {
      const clock = new VirtualClock(Date.UTC(2026, 0, 15) + ahead);
      const disk = new SimulatedDisk({ now: () => clock.now() });
      const options = { directory: '/store', clock, engine: { flushDiskType: 'SYNC_FLUSH' } as const };
      const client = await TestClient.open(await startEngine({ ...options, fileSystem: disk.mount() }));
      const half = await sendHalf(client, 't', { body: 'm', bornTimestamp: clock.now() });
      clock.set(clock.now() - ahead);
      await sendHalf(client, 't', { body: 'open', bornTimestamp: clock.now() });
      expect((await end(client, half, COMMIT)).code).toBe(0);
      if (moment === 'after') await clock.advance(4 * SECOND);
      disk.crash(() => false);
      const engine = await startEngine({ ...options, fileSystem: disk.mount() });
      const again = await TestClient.open(engine);
      await again.producerHeartbeat('one', GROUP);
      await clock.advance(2 * INTERVAL);
      expect(checksOf(again).map(({ message }) => message.body.toString())).toEqual(['open', 'open']);
      // A late answer to a check of the first run.
      expect((await end(again, half, COMMIT)).code).toBe(0);
      expect(bodies(await again.read('t'))).toEqual(['m']);
    },
  );

  it('tries again later what the store refuses at once, however much has ended', async () => {
    const clock = new VirtualClock();
    const disk = new SimulatedDisk({ now: () => clock.now() });
    const engine = { transactionOpMsgMaxSize: 1 };
    const started = await startEngine({ directory: '/store', clock, engine, fileSystem: disk.mount() });
    const client = await TestClient.open(started);
    const halves = [await sendHalf(client, 't', { body: 'a' }), await sendHalf(client, 't', { body: 'b' })];
    disk.faults.push({ operation: 'write', path: /commitlog/, code: 'ENOSPC' });
    for (const half of halves) await end(client, half, ROLLBACK);
    await clock.advance(INTERVAL);
    expect(await client.read(OP_TOPIC)).toEqual([]);
    disk.faults.length = 0;
    await clock.advance(INTERVAL);
    expect(bodies(await client.read(OP_TOPIC))).toEqual(['0,', '1,']);
    const last = await sendHalf(client, 't', { body: 'c' });
    disk.faults.push({ operation: 'write', path: /commitlog/, code: 'ENOSPC' });
    await end(client, last, ROLLBACK);
    await started.close();
  });

  it('asks after the clock was set back, too', async () => {
    const { clock, directory, engine, client } = await open();
    await client.send('t');
    await engine.close();
    clock.set(clock.now() - 3600 * SECOND);
    const again = await TestClient.open(await startEngine({ clock, directory }));
    await again.producerHeartbeat('one', GROUP);
    await sendHalf(again, 't', { body: 'm', bornTimestamp: clock.now() });
    await clock.advance(INTERVAL);
    expect(checksOf(again)).toHaveLength(1);
  });

  it('asks before it gives up what is too old', async () => {
    const { clock, client, send, pass } = await open();
    await send('answered');
    await send('m');
    clock.set(clock.now() + 100 * HOUR);
    await pass(INTERVAL);
    expect(checksOf(client)).toHaveLength(2);
    await answer(client, checksOf(client)[0]!.request, COMMIT);
    await pass(INTERVAL);
    expect(bodies(await client.read('t'))).toEqual(['answered']);
    expect(bodies(await client.read(DISCARDED_TOPIC))).toEqual(['m']);
  });

  it('tries again what cannot be stored', async () => {
    const clock = new VirtualClock();
    const disk = new SimulatedDisk({ now: () => clock.now() });
    const client = await TestClient.open(
      await startEngine({ directory: '/store', clock, fileSystem: disk.mount() }),
    );
    await client.producerHeartbeat('one', GROUP);
    const half = await sendHalf(client, 't', { body: 'm', bornTimestamp: clock.now() });
    disk.faults.push({ operation: 'write', path: /commitlog/, code: 'ENOSPC' });
    expect((await end(client, half, COMMIT)).code).not.toBe(0);
    await clock.advance(INTERVAL);
    expect(checksOf(client)).toEqual([]);
    disk.faults.length = 0;
    await clock.advance(INTERVAL);
    await client.producerHeartbeat('one', GROUP);
    await clock.advance(INTERVAL);
    expect(checksOf(client).length).toBeGreaterThan(0);
    expect((await answer(client, checksOf(client).at(-1)!.request, COMMIT)).code).toBe(0);
    expect(bodies(await client.read('t'))).toEqual(['m']);
  });

  it('keeps a message elsewhere that has no room for the properties of a check, and goes on behind it', async () => {
    const { engine, client, send, pass } = await open();
    const half = await send('full', { properties: { p: 'x'.repeat(32_560) } });
    await send('next');
    await pass(INTERVAL);
    expect(checksOf(client).map(({ message }) => message.body.toString())).toEqual(['next']);
    expect(bodies(await client.read(DISCARDED_TOPIC))).toEqual(['full']);
    expect(engine.logger.lines.join()).toContain(
      `Transaction ${half.uniqKey} of topic t cannot be stored for a check (PROPERTIES_SIZE_EXCEEDED)`,
    );
    expect((await end(client, half, COMMIT)).code).toBe(0);
    expect(bodies(await client.read('t'))).toEqual(['full']);
  });
});
