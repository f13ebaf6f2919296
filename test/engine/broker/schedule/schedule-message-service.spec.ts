import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { EngineOptions } from '../../../../lib/engine/index.js';
import { decodeMessages } from '../../../../lib/common/message-decoder.js';
import { RequestCode } from '../../../../lib/remoting/request-code.js';
import { ResponseCode } from '../../../../lib/remoting/response-code.js';
import { eventually } from '../../../support/eventually.js';
import { SimulatedDisk } from '../../../support/simulated-file-system.js';
import { TestClient } from '../../../support/test-client.js';
import { readTable, startEngine } from '../../../support/test-engine.js';
import { bodies } from '../../../support/test-peers.js';
import { temporaryDirectory } from '../../../support/test-store.js';
import { TimerBroker } from '../../../support/timer-broker.js';
import { HOUR, MINUTE, SECOND, VirtualClock } from '../../../support/virtual-clock.js';

const MIB = 1024 * 1024;
const LEVELS = [
  SECOND,
  5 * SECOND,
  10 * SECOND,
  30 * SECOND,
  ...Array.from({ length: 10 }, (_, i) => (i + 1) * MINUTE),
  20 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
];

async function open(engine?: EngineOptions) {
  const clock = new VirtualClock();
  const directory = temporaryDirectory();
  const started = await startEngine({ clock, directory, engine });
  const client = await TestClient.open(started);
  return { clock, directory, engine: started, client };
}

const delayed = (level: number | string) => ({ properties: { DELAY: String(level) } });

describe('ScheduleMessageService', () => {
  it('delivers each of the 18 levels at its time', async () => {
    const { clock, client } = await open();
    const sentAt = clock.now();
    for (const index of LEVELS.keys()) await client.send('t', { body: `${index}`, ...delayed(index + 1) });
    expect(await client.read('t')).toEqual([]);
    const seen = new Map<string, number>();
    // Each level in its own step, so that the time of arrival is exact.
    for (const [index, delay] of LEVELS.entries()) {
      await clock.advance(sentAt + delay - 1 - clock.now());
      expect(await client.read('t'), `level ${index + 1}`).toHaveLength(index);
      await clock.advance(1);
      for (const { body, storeTimestamp } of await client.read('t'))
        seen.set(body.toString(), storeTimestamp);
      expect(seen.size).toBe(index + 1);
    }
    expect([...seen.values()].map((at) => at - sentAt)).toEqual(LEVELS);
  });

  it('keeps everything of the message, and where it belongs', async () => {
    const { clock, client } = await open();
    const properties = {
      DELAY: '2',
      TAGS: 'a',
      KEYS: 'k',
      UNIQ_KEY: 'U',
      WAIT: 'true',
      TIMER_DELAY_SEC: '9',
    };
    const { header } = await client.send('t', { queueId: 3, flag: 4, bornTimestamp: 77, properties });
    expect(header).toMatchObject({ queueId: 3, queueOffset: 0, transactionId: 'U' });
    await clock.advance(5 * SECOND);
    const [message] = await client.read('t', 3);
    expect(message).toMatchObject({
      topic: 't',
      queueId: 3,
      flag: 4,
      bornTimestamp: 77,
      tags: 'a',
      keys: 'k',
    });
    expect(message!.getProperty('REAL_TOPIC')).toBe('t');
    expect(message!.getProperty('REAL_QID')).toBe('3');
    expect(message!.getProperty('DELAY')).toBe('2');
    expect(message!.getProperty('WAIT')).toBe('true');
    expect(message!.getProperty('TIMER_DELAY_SEC')).toBeUndefined();
    expect(message!.msgId).toBe('U');
    const wanted = await client.pull('t', 'g', { queueId: 3, subscription: 'a' });
    expect(decodeMessages(wanted.body!)).toHaveLength(1);
  });

  it.each([
    [19, 18],
    [99, 18],
    [18, 18],
  ])('takes level %i for %i', async (level, expected) => {
    const { client } = await open();
    await client.send('t', delayed(level));
    const queue = { topic: 'SCHEDULE_TOPIC_XXXX', queueId: expected - 1 };
    expect((await client.call(RequestCode.GET_MAX_OFFSET, queue)).header!.offset).toBe(1);
  });

  it('takes the levels of messageDelayLevel', async () => {
    const { clock, client } = await open({ messageDelayLevel: '2s 1m' });
    await client.send('t', { body: 'two seconds', ...delayed(1) });
    await client.send('t', { body: 'one minute', ...delayed(7) });
    await clock.advance(2 * SECOND);
    expect(bodies(await client.read('t'))).toEqual(['two seconds']);
    await clock.advance(58 * SECOND);
    expect(bodies(await client.read('t'))).toEqual(['two seconds', 'one minute']);
  });

  it.each(['', '1', '1x', '1s,2s', '-1s'])('refuses messageDelayLevel %j', async (messageDelayLevel) => {
    await expect(open({ messageDelayLevel })).rejects.toThrow('engine.messageDelayLevel is');
  });

  it('delivers many messages of a level in their order', async () => {
    const { clock, client } = await open();
    for (let i = 0; i < 100; i++) await client.send('t', { body: `${i}`, ...delayed(1) });
    await clock.advance(SECOND);
    expect(bodies(await client.read('t'))).toEqual(Array.from({ length: 100 }, (_, i) => `${i}`));
  });

  it('stores many messages that are due with one flush', async () => {
    const broker = await TimerBroker.open({ flushDiskType: 'SYNC_FLUSH' });
    const names = Array.from({ length: 1000 }, (_, i) => `${i}`);
    await Promise.all(names.map((name) => broker.send(name, { DELAY: 1 })));
    broker.disk.journal.length = 0;
    for (let i = 0; i < 100; i++) await broker.pass(SECOND);
    expect(await broker.arrived()).toEqual(names);
    const flushes = broker.disk.journal.filter((line) => line.startsWith('sync /store/commitlog/'));
    expect(flushes.length).toBeLessThan(10);
  });

  it('delivers in several groups what is too large for one', async () => {
    const broker = await TimerBroker.open({ mappedFileSizeCommitLog: 8 * MIB });
    const names = Array.from({ length: 12 }, (_, i) => `${i}-`);
    for (const name of names) await broker.send(name.padEnd(250_000), { DELAY: 1, UNIQ_KEY: 'u' });
    for (let i = 0; i < 10; i++) await broker.pass(SECOND);
    expect((await broker.arrived()).map((body) => body.trimEnd())).toEqual(names);
  });

  it('wakes a pull that is held', async () => {
    const { clock, client } = await open();
    await client.send('t');
    const answer = client.pull('t', 'g', { queueOffset: 1, sysFlag: 6, suspendTimeoutMillis: 15_000 });
    await client.send('t', { body: 'late', ...delayed(2) });
    await clock.advance(5 * SECOND);
    expect(bodies(decodeMessages((await answer).body!))).toEqual(['late']);
  });

  it('delivers after a restart what became due meanwhile, and the rest when it is due', async () => {
    const { clock, directory, engine, client } = await open();
    await client.send('t', { body: 'early', ...delayed(1) });
    await client.send('t', { body: 'meanwhile', ...delayed(3) });
    await client.send('t', { body: 'later', ...delayed(5) });
    await clock.advance(SECOND);
    await engine.close();
    clock.set(clock.now() + 30 * SECOND);
    const again = await TestClient.open(await startEngine({ clock, directory }));
    await clock.advance(0);
    expect(bodies(await again.read('t'))).toEqual(['early', 'meanwhile']);
    await clock.advance(29 * SECOND);
    expect(bodies(await again.read('t'))).toEqual(['early', 'meanwhile', 'later']);
  });

  it('knows when a message is due that Apache wrote with an address of consumequeue_ext in place of the time', async () => {
    const broker = await TimerBroker.open();
    await broker.send('x', { DELAY: 5 });
    await broker.send('another', {}, 'u');
    await broker.close();
    const address = Buffer.alloc(8);
    address.writeBigInt64BE(-(2n ** 63n) + 20n);
    broker.disk.damage('/store/consumequeue/SCHEDULE_TOPIC_XXXX/4/00000000000000000000', 12, address);
    await broker.start();
    await broker.pass(MINUTE - 1);
    expect(await broker.arrived()).toEqual([]);
    await broker.pass(1);
    expect(await broker.arrived()).toEqual(['x']);
  });

  it.each(['while it runs', 'while it is down'])(
    'names messages whose log file was deleted before they were due, %s',
    async (when) => {
      const deleteWhen = Array.from({ length: 24 }, (_, hour) => hour).join(';');
      const broker = await TimerBroker.open({
        mappedFileSizeCommitLog: 65_536,
        fileReservedTime: 1,
        deleteWhen,
      });
      await broker.send('delivered', { DELAY: 18 });
      await broker.pass(2 * HOUR);
      await broker.send('lost', { DELAY: 18 });
      for (let i = 0; i < 3; i++) await broker.send('-'.repeat(40_000), { UNIQ_KEY: 'long' }, 'other');
      await broker.pass(HOUR + 20 * SECOND);
      if (when === 'while it is down') await broker.restart(HOUR);
      else await broker.pass(HOUR);
      expect(await broker.arrived()).toEqual([]);
      expect(broker.log).toContain(
        'ERROR Delayed messages 1 to 1 of level 18 are lost: their log file was deleted before they were delivered',
      );
    },
  );

  it('writes how far it is 10 s later', async () => {
    const { clock, directory, client } = await open();
    await client.send('t', delayed(1));
    await clock.advance(10 * SECOND);
    expect(existsSync(join(directory, 'config/delayOffset.json'))).toBe(false);
    await clock.advance(SECOND);
    await eventually(() => existsSync(join(directory, 'config/delayOffset.json')));
    expect(readTable(directory, 'delayOffset.json')).toMatch(/"offsetTable":\s*{\s*1:\s*1\s*}/);
  });

  it('delivers a message at once that would be due much too late, as after the clock was set back', async () => {
    const { clock, directory, engine, client } = await open();
    await client.send('t', delayed(5));
    await engine.close();
    clock.set(clock.now() - HOUR);
    const again = await TestClient.open(await startEngine({ clock, directory }));
    await clock.advance(0);
    expect(await again.read('t')).toHaveLength(1);
  });

  it('delivers nothing early when the clock is set back by a little', async () => {
    const { clock, client } = await open();
    await client.send('t', delayed(18));
    await clock.advance(10 * SECOND);
    clock.set(clock.now() - MINUTE);
    await clock.advance(2 * HOUR - 1);
    expect(await client.read('t')).toEqual([]);
    await clock.advance(MINUTE);
    expect(await client.read('t')).toHaveLength(1);
  });

  it('counts the delay of what comes after the clock was set back from then on', async () => {
    const { clock, client } = await open();
    await client.send('t', { body: 'before' });
    clock.set(clock.now() - HOUR);
    await client.send('t', { body: 'delayed', ...delayed(2) });
    await clock.advance(5 * SECOND - 1);
    expect(bodies(await client.read('t'))).toEqual(['before']);
    await clock.advance(1);
    expect(bodies(await client.read('t'))).toEqual(['before', 'delayed']);
  });

  it('drops with an error what the store will never take, and delivers what is behind it once', async () => {
    const { clock, engine, client } = await open();
    // As long as a file of the log, but for a few bytes that the name of its topic needs then.
    const topic = 't'.repeat(100);
    const long = { properties: { DELAY: '1', UNIQ_KEY: 'LONG' } };
    let length = 64 * 1024;
    while ((await client.send(topic, { body: 'x'.repeat(length), ...long })).code !== 0) length--;
    await client.send('t', { body: 'short', ...delayed(1) });
    await clock.advance(5 * SECOND);
    expect(bodies(await client.read('t'))).toEqual(['short']);
    expect(engine.logger.lines.join('\n')).toContain(
      `Message LONG of ${length} bytes, which is due, cannot be stored in topic ${topic} and is dropped: MESSAGE_ILLEGAL`,
    );
  });

  it('delivers what is larger than messages may be by now', async () => {
    const sizes = { mappedFileSizeCommitLog: 8 * MIB };
    const { clock, directory, engine, client } = await open(sizes);
    for (const body of ['x'.repeat(3 * MIB), 'short', 'y'.repeat(3 * MIB)])
      await client.send('t', { body, ...delayed(3) });
    await engine.close();
    const again = await startEngine({ clock, directory, engine: { ...sizes, maxMessageSize: 1000 } });
    await clock.advance(10 * SECOND);
    const read = bodies(await (await TestClient.open(again)).read('t'));
    expect(read.map((body) => [body[0], body.length])).toEqual([
      ['x', 3 * MIB],
      ['s', 5],
      ['y', 3 * MIB],
    ]);
    const refused = await (await TestClient.open(again)).send('t', { body: 'z'.repeat(1001) });
    expect(refused.code).toBe(ResponseCode.MESSAGE_ILLEGAL);
  });

  it('delivers once when the disk hangs', async () => {
    const clock = new VirtualClock();
    const disk = new SimulatedDisk({ now: () => clock.now() });
    const engine = { flushDiskType: 'SYNC_FLUSH' } as const;
    const started = await startEngine({ directory: '/store', clock, engine, fileSystem: disk.mount() });
    const client = await TestClient.open(started);
    await client.send('t', delayed(1));
    disk.holdsSyncs = true;
    await clock.advance(MINUTE);
    disk.releaseSyncs();
    await clock.advance(MINUTE);
    expect(await client.read('t')).toHaveLength(1);
  });

  it('delivers after a power cut what it had stored and the disk did not take', async () => {
    const clock = new VirtualClock();
    const disk = new SimulatedDisk({ now: () => clock.now() });
    const engine = { flushDiskType: 'SYNC_FLUSH' } as const;
    const options = { directory: '/store', clock, engine };
    const client = await TestClient.open(await startEngine({ ...options, fileSystem: disk.mount() }));
    // As retries are stored, which do not wait for the flush.
    await client.send('t', { body: 'm', properties: { DELAY: '1', WAIT: 'false' } });
    disk.faults.push({ operation: 'sync', path: /commitlog/, code: 'EIO' });
    await clock.advance(15 * SECOND);
    disk.faults.length = 0;
    disk.crash(() => false);
    const again = await TestClient.open(await startEngine({ ...options, fileSystem: disk.mount() }));
    await clock.advance(SECOND);
    expect(bodies(await again.read('t'))).toEqual(['m']);
  });

  it('tries a delivery again that cannot be stored', async () => {
    const clock = new VirtualClock();
    const disk = new SimulatedDisk({ now: () => clock.now() });
    const engine = await startEngine({ directory: '/store', clock, fileSystem: disk.mount() });
    const client = await TestClient.open(engine);
    await client.send('t', delayed(1));
    disk.faults.push({ operation: 'write', path: /commitlog/, code: 'ENOSPC' });
    await clock.advance(3 * SECOND);
    expect(await client.read('t')).toEqual([]);
    disk.faults.length = 0;
    await clock.advance(3 * SECOND);
    expect(await client.read('t')).toHaveLength(1);
  });

  it('does not deliver again what was being stored when the engine was closed', async () => {
    const clock = new VirtualClock();
    const disk = new SimulatedDisk({ now: () => clock.now() });
    const options = { directory: '/store', clock, engine: { flushDiskType: 'SYNC_FLUSH' } as const };
    const engine = await startEngine({ ...options, fileSystem: disk.mount() });
    const client = await TestClient.open(engine);
    await client.send('t', delayed(1));
    disk.holdsSyncs = true;
    await clock.advance(SECOND);
    const closed = engine.close();
    disk.releaseSyncs();
    await closed;
    const journal = disk.journal.length;
    await clock.advance(MINUTE);
    // What is closed writes nothing any more: the store may belong to another process.
    expect(disk.journal.slice(journal)).toEqual([]);
    const again = await TestClient.open(await startEngine({ ...options, fileSystem: disk.mount() }));
    await clock.advance(MINUTE);
    expect(await again.read('t')).toHaveLength(1);
  });
});
