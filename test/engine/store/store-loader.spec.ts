import { describe, expect, it } from 'vitest';
import { ConfigurationError } from '../../../lib/errors/configuration.error.js';
import { idsOf, SimulatedStore } from '../../support/simulated-store.js';
import { encodeRecord, innerMessage } from '../../support/test-store.js';
import { HOUR, settle } from '../../support/virtual-clock.js';

const text = ({ logger }: SimulatedStore) => logger.lines.join('\n');
/** Where the part of the log began that was checked; undefined when none was. */
const checkedFrom = (store: SimulatedStore) =>
  /Checking the commit log from byte (\d+) on/.exec(text(store))?.[1];

describe('opening a store', () => {
  it('that ended cleanly does not read the log', async () => {
    const store = new SimulatedStore();
    await store.send(90);
    await store.close();
    store.open();
    expect(store.logger.lines).toEqual([]);
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });

  it('that was killed reads the log from the last record that the checkpoint covers', async () => {
    const store = new SimulatedStore();
    await store.send(90);
    await store.checkpoint();
    await store.clock.advance(5000);
    await store.send(60);
    await store.checkpoint();
    await store.send(1);
    store.kill();
    store.open();
    // Its entry in the index may be incomplete, so that of the one before is where the index goes on.
    expect(checkedFrom(store)).toBe(String(store.stored.at(-3)!.commitLogOffset));
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });

  it('that was killed before its first checkpoint reads all of the log', async () => {
    const store = new SimulatedStore();
    await store.send(90);
    store.kill();
    store.open();
    expect(checkedFrom(store)).toBe('0');
    expect(await store.ids()).toEqual(idsOf(store.stored));
    for (const { id } of store.stored) expect(store.idsOfKey(id)).toEqual([id]);
  });

  it.each([4, 12])(
    'that was killed has all messages between ones of transactions (%i) that it refused',
    async (sysFlag) => {
      const store = new SimulatedStore();
      for (let i = 0; i < 3; i++) {
        expect((await store.put({ sysFlag })).status).toBe('MESSAGE_ILLEGAL');
        await store.send(1);
      }
      store.kill();
      store.open();
      expect(store.stored).toHaveLength(3);
      expect(await store.ids()).toEqual(idsOf(store.stored));
    },
  );

  it('again and again after kills changes nothing', async () => {
    const store = new SimulatedStore();
    await store.send(70);
    await store.checkpoint();
    await store.send(20);
    for (let i = 0; i < 4; i++) {
      store.kill();
      store.open();
      expect(await store.ids()).toEqual(idsOf(store.stored));
      for (const { id } of store.stored) expect(store.idsOfKey(`key-${id}`)).toEqual([id]);
    }
  });

  it('with a torn record at the end cuts it, says so, and writes the next one in its place', async () => {
    const store = new SimulatedStore();
    const stored = await store.send(10);
    store.kill();
    const end = stored.at(-1)!.commitLogOffset + stored.at(-1)!.size;
    const torn = encodeRecord(innerMessage({ body: Buffer.alloc(3000, 9) }), {
      queueOffset: 10,
      commitLogOffset: end,
    });
    store.damageLog(end, torn.subarray(0, 2000));
    store.open();
    expect(text(store)).toContain(
      `WARN The commit log ends at byte ${end}: what follows in ${store.logFile(end)} up to byte`,
    );
    expect(
      store
        .content('commitlog/00000000000000000000')
        .subarray(end)
        .every((byte) => byte === 0),
    ).toBe(true);
    expect(await store.ids()).toEqual(idsOf(stored));
    const [next] = await store.send(1);
    expect(next).toMatchObject({ commitLogOffset: end, queueOffset: 10 });
    store.kill();
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });

  it('whose power failed keeps what was flushed and forgets the rest as if it had not been', async () => {
    const store = new SimulatedStore({ flushDiskType: 'ASYNC_FLUSH' });
    await store.send(30);
    await store.checkpoint();
    await store.send(30);
    store.crash();
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored.slice(0, 30)));
    expect(store.idsOfKey('m45')).toEqual([]);
    const [next] = await store.send(1);
    expect(next!.queueOffset).toBe(30);
  });

  it('deletes the file that was created ahead of its use only if the log does not reach it', async () => {
    const store = new SimulatedStore();
    await store.send(1);
    store.kill();
    store.open();
    expect(store.files('commitlog')).toEqual(['00000000000000000000']);
    await store.send(60);
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });

  it('without any commit-log file says that all is lost, and gives no offset twice', async () => {
    const store = new SimulatedStore();
    await store.send(20);
    await store.close();
    store.disk.delete(store.path('commitlog'));
    store.open();
    expect(text(store)).toContain(
      `ERROR All files of the commit log are missing in ${store.path('commitlog')}: all messages are lost`,
    );
    const [next] = await store.send(1);
    expect(next!.queueOffset).toBe(20);
    expect(await store.ids()).toEqual([next!.id]);
  });

  it.each([
    [{ mappedFileSizeCommitLog: 8192 }, 'mappedFileSizeCommitLog is 8192; set it to the length of the files'],
    [{ mappedFileSizeCommitLog: 12_288 }, 'has 16384 bytes, but mappedFileSizeCommitLog is 12288'],
    [{ mappedFileSizeConsumeQueue: 100 }, 'has 500 bytes, but mappedFileSizeConsumeQueue is 100'],
    [{ maxHashSlotNum: 20 }, 'is longer than maxHashSlotNum 20 and maxIndexNum 60 make it'],
  ])('with %j, other than it was written with, is refused and says what to set', async (config, message) => {
    const store = new SimulatedStore();
    await store.send(60);
    await store.close();
    expect(() => store.open(config)).toThrow(ConfigurationError);
    expect(() => store.open(config)).toThrow(message);
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });

  it.each([
    [{ mappedFileSizeCommitLog: 32_768 }, 60, 'has 16384 bytes, but mappedFileSizeCommitLog is 32768'],
    [{ mappedFileSizeConsumeQueue: 1000 }, 60, 'has 500 bytes, but mappedFileSizeConsumeQueue is 1000'],
    // The log has only one file, which is right with any larger size.
    [{ mappedFileSizeCommitLog: 32_768, mappedFileSizeConsumeQueue: 1000 }, 28, 'ConsumeQueue is 1000'],
  ])('with %j, more than its files have, changes none of them', async (config, count, message) => {
    const store = new SimulatedStore();
    await store.send(5, { topic: 'Short' });
    await store.send(count);
    await store.close();
    const files = [...store.disk.paths()].filter((path) => /\d{20}$/.test(path));
    const sizes = () => files.map((path) => store.disk.content(path).length);
    const before = sizes();
    expect(() => store.open(config)).toThrow(message);
    expect(sizes()).toEqual(before);
    store.open();
    expect([...(await store.ids('Short')), ...(await store.ids())]).toEqual(idsOf(store.stored));
  });

  it('with more than the only file of the log and of each ConsumeQueue has takes it over', async () => {
    const store = new SimulatedStore();
    await store.send(10);
    await store.close();
    const larger = { mappedFileSizeCommitLog: 32_768, mappedFileSizeConsumeQueue: 1000 };
    store.open(larger);
    await store.send(5);
    await store.close();
    store.open(larger);
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });

  it('passes over what does not belong to it', async () => {
    const store = new SimulatedStore();
    await store.send(5);
    await store.checkpoint();
    const disk = store.disk.mount();
    for (const name of [
      'commitlog/notes.txt',
      'commitlog/123',
      'consumequeue/notes',
      'index/20260101',
      'config/x',
    ])
      disk.create(store.path(name)).close();
    for (const name of ['consumequeue/..x', 'consumequeue/TopicA/zero', 'consumequeue/TopicA/01'])
      disk.makeDirectory(store.path(name));
    store.kill();
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored));
    expect([...store.store.topics()]).toEqual([['TopicA', 0]]);
    expect(store.files('commitlog')).toContain('notes.txt');
  });
});

describe('opening a store after a crash while its disk is full', () => {
  it('leaves in memory what cannot be written of rebuilt queues, and writes it when there is room', async () => {
    const store = new SimulatedStore({ messageIndexEnable: false });
    await store.send(1100);
    store.kill();
    store.disk.delete(store.path('consumequeue'));
    store.disk.capacity = store.disk.used;
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored));
    await store.clock.advance(1000);
    expect(store.store.writeRefusal).toContain('a ConsumeQueue or the index cannot be written');
    store.disk.capacity = Infinity;
    await store.clock.advance(1000);
    await store.send(1);
    await store.close();
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });

  it('cuts a torn record, which needs no room', async () => {
    const store = new SimulatedStore({ flushDiskType: 'ASYNC_FLUSH' });
    const { commitLogOffset, size } = (await store.send(10)).at(-1)!;
    const end = commitLogOffset + size;
    store.kill();
    store.damageLog(end, Buffer.alloc(2000, 1));
    store.disk.capacity = store.disk.used;
    store.open();
    const log = store.content('commitlog/00000000000000000000');
    expect(log.subarray(end).equals(Buffer.alloc(log.length - end))).toBe(true);
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });
});

describe('the checkpoint', () => {
  it('is written ten seconds after the last one, and not while nothing is stored', async () => {
    const store = new SimulatedStore();
    await store.send(1);
    await store.clock.advance(1000);
    await settle(20);
    const first = store.content('checkpoint').readBigInt64BE(0);
    await store.clock.advance(4000);
    const sentAt = store.clock.now();
    await store.send(1);
    await store.clock.advance(4000);
    expect(store.content('checkpoint').readBigInt64BE(0)).toBe(first);
    await store.clock.advance(3000);
    await settle(20);
    expect(store.content('checkpoint').readBigInt64BE(0)).toBe(BigInt(sentAt));
    const operations = store.disk.journal.length;
    await store.clock.advance(50_000);
    expect(store.disk.journal.slice(operations)).toEqual([]);
  });

  it('that is in the future costs one start only', async () => {
    const store = new SimulatedStore();
    await store.send(10);
    await store.checkpoint();
    store.kill();
    const times = Buffer.alloc(24);
    for (const at of [0, 8, 16]) times.writeBigInt64BE(BigInt(store.clock.now() + 100_000 * HOUR), at);
    store.disk.damage(store.path('checkpoint'), 0, times);
    const rebuilds: number[] = [];
    for (let start = 0; start < 3; start++) {
      store.open();
      rebuilds.push(store.logger.lines.filter((line) => line.includes('Rebuilding')).length);
      await store.send(10);
      await store.checkpoint();
      store.kill();
    }
    expect(rebuilds).toEqual([1, 0, 0]);
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });

  it('follows the flush of log, ConsumeQueues and index', async () => {
    const store = new SimulatedStore({ flushDiskType: 'ASYNC_FLUSH', flushIntervalCommitLog: 60_000 });
    await store.send(10);
    await store.clock.advance(1500);
    await settle(20);
    const syncs = store.disk.journal.filter((line) => line.startsWith('sync ') && !line.endsWith('abort'));
    const order = syncs.map((line) => /commitlog|consumequeue|index|config|checkpoint/.exec(line)![0]);
    expect(order.splice(1, 2).toSorted()).toEqual(['consumequeue', 'index']);
    expect(order).toEqual(['commitlog', 'config', 'checkpoint']);
  });
});
