import { describe, expect, it } from 'vitest';
import { decodeMessages } from '../../../lib/common/message-decoder.js';
import { IndexFile } from '../../../lib/engine/store/index-file.js';
import { OpenFiles } from '../../../lib/engine/store/open-files.js';
import { loadVectors } from '../../support/apache-vectors.js';
import { eventually } from '../../support/eventually.js';
import { idsOf, SimulatedStore, TINY_FILES } from '../../support/simulated-store.js';
import { SimulatedDisk } from '../../support/simulated-file-system.js';
import { innerMessage, put, RecordingLogger } from '../../support/test-store.js';
import { settle } from '../../support/virtual-clock.js';

interface KeyVector {
  readonly key: string;
  readonly hash: number;
  readonly slotOf500: number;
}

const { indexKeyHash } = loadVectors<{ indexKeyHash: KeyVector[] }>('java.json');
const ofTopics = indexKeyHash.filter(({ key }) => /^[a-zA-Z]+#./.test(key));
const FOREVER = Number.MAX_SAFE_INTEGER;
const SLOTS = TINY_FILES.maxHashSlotNum!;

const keyed = (keys: string, id = 'id') => ({
  properties: new Map([
    ['UNIQ_KEY', id],
    ['KEYS', keys],
  ]),
});

/** Messages whose keys are all over the slots. */
async function sendScattered(store: SimulatedStore, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const id = (((store.stored.length + 1) * 2_654_435_761) % 2 ** 32).toString(16).padStart(8, '0');
    await store.send(1, keyed(`key-${id}`, id));
  }
}

describe('the index', () => {
  it.each(ofTopics)('puts $key into the slot of Java, under its hash', async ({ key, hash, slotOf500 }) => {
    const store = new SimulatedStore({ maxHashSlotNum: 500 });
    const [topic, name] = key.split('#') as [string, string];
    await put(store.store, innerMessage({ topic, properties: new Map([['KEYS', name]]) }));
    await store.close();
    const file = store.content(`index/${store.files('index')[0]}`);
    expect(file.readInt32BE(40 + 4 * slotOf500)).toBe(1);
    expect(file.readInt32BE(40 + 4 * 500 + 20)).toBe(hash);
  });

  it('has the vectors for it', () => expect(ofTopics.length).toBeGreaterThan(3));

  it('finds by the unique id and by each key, split at blanks', async () => {
    const store = new SimulatedStore();
    await store.send(1, keyed('  k1 k2   k3 ', 'unique'));
    for (const key of ['unique', 'k1', 'k2', 'k3']) expect(store.idsOfKey(key)).toEqual(['unique']);
    for (const key of ['', 'k1 k2', 'K1', 'k4']) expect(store.idsOfKey(key)).toEqual([]);
    expect(store.idsOfKey('k1', 'TopicB')).toEqual([]);
  });

  it('finds what has the same hash, too, as Apache does: the caller compares', async () => {
    const store = new SimulatedStore();
    await store.send(1, keyed('Aa', 'first'));
    await store.send(1, keyed('BB', 'second'));
    expect(store.idsOfKey('Aa')).toEqual(['second', 'first']);
  });

  it('gives the newest first, as many as asked for, and never more than 64', async () => {
    const store = new SimulatedStore();
    for (let i = 0; i < 70; i++) await store.send(1, keyed('all', `n${i}`));
    const find = (max: number) =>
      decodeMessages(Buffer.concat(store.store.queryMessage('TopicA', 'all', max, 0, FOREVER)));
    expect(find(3).map(({ msgId }) => msgId)).toEqual(['n69', 'n68', 'n67']);
    expect(find(1000)).toHaveLength(64);
    expect(find(0)).toEqual([]);
  });

  it('finds within a time range, also over several files', async () => {
    const store = new SimulatedStore();
    const times: number[] = [];
    for (let i = 0; i < 60; i++) {
      times.push(store.clock.now());
      await store.send(1, keyed('all', `n${i}`));
      await store.clock.advance(10_000);
    }
    expect(store.files('index').length).toBeGreaterThan(2);
    const between = (begin: number, end: number) => store.idsOfKey('all', 'TopicA', begin, end).toReversed();
    expect(between(times[20]!, times[39]!)).toEqual(Array.from({ length: 20 }, (_, i) => `n${20 + i}`));
    expect(between(times[0]!, times[0]!)).toEqual(['n0']);
    expect(between(times[59]!, FOREVER)).toEqual(['n59']);
    expect(between(times[59]! + 5000, FOREVER)).toEqual([]);
    expect(between(0, times[0]! - 1)).toEqual([]);
  });

  it('goes on in a new file, whose times and positions continue those of the last', async () => {
    const store = new SimulatedStore();
    await store.send(40);
    await store.close();
    const headers = store.files('index').map((name) => store.content(`index/${name}`).subarray(0, 40));
    expect(headers.length).toBeGreaterThan(1);
    for (const header of headers.slice(0, -1)) expect(header.readInt32BE(36)).toBe(TINY_FILES.maxIndexNum);
    for (let i = 1; i < headers.length; i++)
      expect(headers[i]!.readBigInt64BE(16)).toBeGreaterThanOrEqual(headers[i - 1]!.readBigInt64BE(24));
    store.open();
    for (const { id } of store.stored) expect(store.idsOfKey(id)).toEqual([id]);
  });

  it('names no two files alike, and in order, though the clock stands still or is set back', async () => {
    const store = new SimulatedStore();
    await store.send(60);
    store.clock.set(store.clock.now() - 3_600_000);
    await store.send(60);
    await store.close();
    const names = store.files('index');
    expect(names.length).toBeGreaterThan(3);
    const begins = names.map((name) => Number(store.content(`index/${name}`).readBigInt64BE(16)));
    expect(begins).toEqual([...begins].sort((a, b) => a - b));
    store.open();
    for (const { id } of store.stored) expect(store.idsOfKey(id)).toEqual([id]);
  });

  it('counts the slots that are in use', async () => {
    const store = new SimulatedStore();
    await store.send(10);
    await store.close();
    const file = store.content(`index/${store.files('index')[0]}`);
    const used = Array.from({ length: SLOTS }, (_, slot) => file.readInt32BE(40 + 4 * slot)).filter(
      (unit) => unit !== 0,
    );
    expect(file.readInt32BE(32)).toBe(used.length);
    expect(file.readInt32BE(36)).toBe(21);
  });

  it('is repaired after a kill, not thrown away, and has each message once', async () => {
    const store = new SimulatedStore({ maxIndexNum: 1000 });
    await store.send(60);
    await store.clock.advance(10_000);
    await store.send(60);
    await store.checkpoint();
    await store.send(20);
    await store.clock.advance(1000);
    const [name] = store.files('index');
    store.kill();
    // A slot whose page did not reach the disk, and one that got there before its entries.
    store.disk.damage(store.path(`index/${name}`), 40, Buffer.alloc(4 * SLOTS));
    store.disk.damage(store.path(`index/${name}`), 44, Buffer.from('000003e0', 'hex'));
    store.open();
    expect(store.files('index')).toEqual([name]);
    for (const { id } of store.stored) {
      expect(store.idsOfKey(id)).toEqual([id]);
      expect(store.idsOfKey(`key-${id}`)).toEqual([id]);
    }
  });

  it('keeps what was made anew at the start of entries that are older than the last checkpoint', async () => {
    const store = new SimulatedStore();
    await store.send(100);
    await store.clock.advance(5000);
    await store.send(1);
    await store.checkpoint();
    store.kill();
    for (const name of store.files('index'))
      store.disk.damage(store.path(`index/${name}`), 0, Buffer.alloc(40));
    store.open();
    // The next checkpoint never ends.
    store.disk.holdsTransfers = /index/;
    await store.send(1);
    await store.clock.advance(1000);
    store.kill();
    store.disk.holdsTransfers = false;
    store.open();
    for (const { id } of store.stored) expect(store.idsOfKey(id)).toEqual([id]);
  });

  it('writes slots with a checkpoint, a piece at a time, and those that change meanwhile with the next', async () => {
    const maxHashSlotNum = 300_000;
    const store = new SimulatedStore({ maxHashSlotNum, maxIndexNum: 100_000, flushDiskType: 'ASYNC_FLUSH' });
    await sendScattered(store, 300);
    store.disk.holdsTransfers = true;
    const checkpoint = store.checkpoint();
    await eventually(() => store.disk.heldTransferCount > 0);
    await sendScattered(store, 300);
    store.disk.releaseTransfers();
    await checkpoint;
    const slots = () => {
      const file = store.content(`index/${store.files('index')[0]}`);
      return file.subarray(40, 40 + 4 * maxHashSlotNum);
    };
    const isWrite = (line: string) => line.startsWith(`write ${store.path('index')}`);
    await eventually(() => store.disk.journal.filter(isWrite).length > 4);
    await store.close();
    const closed = Buffer.from(slots());
    store.open();
    for (const { id } of store.stored) expect(store.idsOfKey(id)).toEqual([id]);
    store.kill();
    store.open();
    for (const { id } of store.stored) expect(store.idsOfKey(id)).toEqual([id]);
    await store.close();
    expect(slots().equals(closed)).toBe(true);
  });

  it.each([1, 2, 3, 4])('keeps what fills a file while its slots are written (%d more)', async (more) => {
    const options = { maxHashSlotNum: 300_000, maxIndexNum: 602, flushDiskType: 'ASYNC_FLUSH' } as const;
    const store = new SimulatedStore(options);
    await sendScattered(store, 300);
    store.disk.holdsTransfers = true;
    await store.clock.advance(11_000);
    await eventually(() => store.disk.heldTransferCount > 0);
    await sendScattered(store, more);
    store.disk.releaseTransfers();
    await settle(30);
    for (const { id } of store.stored) expect(store.idsOfKey(id)).toEqual([id]);
    await store.close();
    expect(store.files('index')).toHaveLength(2);
    store.open();
    for (const { id } of store.stored) expect(store.idsOfKey(id)).toEqual([id]);
    for (const { id } of store.stored) expect(store.idsOfKey(`key-${id}`)).toEqual([id]);
  });

  it('lets go of the slots of a file that is full and written, also while it is the last', async () => {
    const store = new SimulatedStore({ maxIndexNum: 61 });
    await store.send(30);
    await store.checkpoint();
    const reads = store.countReads('index');
    expect(store.idsOfKey('key-m0')).toEqual(['m0']);
    expect(reads.count, 'the slot, and entries').toBe(2);
    await store.send(1);
    expect(store.files('index')).toHaveLength(1);
    await store.checkpoint();
    expect(store.files('index')).toHaveLength(2);
    for (const { id } of store.stored) expect(store.idsOfKey(id)).toEqual([id]);
  });

  it('has everything after a kill at any moment, though slots are written late', async () => {
    for (let turns = 0; turns < 12; turns++) {
      const store = new SimulatedStore();
      await store.send(50);
      await store.clock.advance(9000);
      await store.send(50);
      await store.clock.advance(1500);
      await settle(turns);
      store.kill();
      store.open();
      for (const { id } of store.stored) expect(store.idsOfKey(id), `after ${turns} turns`).toEqual([id]);
    }
  });

  it('does not exist with messageIndexEnable off, and begins when it is switched on', async () => {
    const store = new SimulatedStore({ messageIndexEnable: false });
    await store.send(10);
    expect(store.idsOfKey('m1')).toEqual([]);
    await store.close();
    expect(store.files('index')).toEqual([]);
    store.open({ messageIndexEnable: true });
    const [next] = await store.send(1);
    expect(store.idsOfKey(next!.id)).toEqual([next!.id]);
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });

  it.each(['close', 'kill'] as const)(
    'has what was stored while messageIndexEnable was off, after a %s',
    async (end) => {
      const store = new SimulatedStore();
      await store.send(1);
      await store.checkpoint();
      await store.close();
      store.open({ messageIndexEnable: false });
      await store.send(100);
      await store.checkpoint();
      await store[end]();
      store.open();
      await store.send(1);
      for (const { id } of store.stored) expect(store.idsOfKey(id)).toEqual([id]);
    },
  );

  it('is rebuilt from the log when a bit of a header has flipped after a clean end', async () => {
    const store = new SimulatedStore();
    for (let i = 0; i < 4; i++) {
      await store.send(11);
      await store.clock.advance(3000);
    }
    for (let bit = 0; bit < 8 * 40; bit += 3) {
      await store.close();
      const path = store.path(`index/${store.files('index').at(bit % 2)}`);
      const header = store.disk.content(path).subarray(0, 40);
      header[Math.floor(bit / 8)]! ^= 1 << (bit % 8);
      store.disk.damage(path, 0, header);
      store.open();
      for (const { id } of store.stored) expect(store.idsOfKey(id), `bit ${bit}`).toEqual([id]);
    }
  });

  it('is written while it is rebuilt, and is whole when a kill ends that', async () => {
    const store = new SimulatedStore();
    await store.send(200);
    await store.close();
    const order: string[] = [];
    const check = store.disk.check.bind(store.disk);
    store.disk.check = (operation, path, ...pages) => {
      if (/^(read .*commitlog|write .*index)/.test(`${operation} ${path}`)) order.push(operation);
      check(operation, path, ...pages);
    };
    for (let operations = 0; operations < 150; operations += 13) {
      order.length = 0;
      store.disk.delete(store.path('index'));
      store.open();
      expect(order.indexOf('write')).toBeGreaterThan(0);
      expect(order.indexOf('write'), 'the log was read further').toBeLessThan(order.lastIndexOf('read'));
      await store.close();
      store.disk.delete(store.path('index'));
      void store.disk.killAfter(operations);
      try {
        store.open();
      } catch {
        // It was killed before that.
      }
      store.kill();
      store.open();
      for (const { id } of store.stored) expect(store.idsOfKey(id)).toEqual([id]);
      await store.close();
    }
  });

  it('is created once while it is rebuilt', async () => {
    const store = new SimulatedStore({ maxIndexNum: 200_000 });
    const keys = Array.from({ length: 100 }, (_, i) => `k${i}`).join(' ');
    await store.send(700, keyed(keys));
    await store.close();
    store.disk.delete(store.path('index'));
    let syncs = 0;
    const check = store.disk.check.bind(store.disk);
    store.disk.check = (operation, path, ...pages) => {
      if (operation === 'sync' && path.includes('/index/')) syncs++;
      check(operation, path, ...pages);
    };
    store.open();
    expect(syncs).toBeLessThanOrEqual(2);
    expect(store.idsOfKey('k99')).not.toEqual([]);
  });

  it('is searched by few reads, also for what is older than many messages of the key', async () => {
    const store = new SimulatedStore({ maxIndexNum: 1000 });
    const begin = store.clock.now();
    await store.send(1, keyed('all', 'oldest'));
    await store.clock.advance(10_000);
    await store.send(400, keyed('all'));
    await store.close();
    store.open();
    const reads = store.countReads('index');
    expect(store.idsOfKey('all', 'TopicA', 0, begin)).toEqual(['oldest']);
    expect(reads.count, 'the slot, and 802 entries').toBe(1 + 4);
  });

  it('is searched only as far as a budget goes', () => {
    const logger = new RecordingLogger();
    const openFiles = new OpenFiles(new SimulatedDisk({ now: () => 0 }).mount(), 1, logger);
    const file = new IndexFile('/index', SLOTS, 2000, openFiles);
    file.create(0, 0);
    file.prepare();
    for (let i = 1; i <= 1000; i++) file.put(7, i, i * 1000);
    expect(file.find(7, 64, 0, 2000, { reads: 5 }).map((entry) => entry.commitLogOffset)).toEqual([2, 1]);
    const budget = { reads: 4 };
    expect(file.find(7, 64, 0, 2000, budget)).toEqual([]);
    expect(budget.reads).toBe(-1);
  });

  it('never follows a chain in a circle', async () => {
    const store = new SimulatedStore();
    for (let i = 0; i < 5; i++) await store.send(1, keyed('all', `n${i}`));
    await store.close();
    const path = store.path(`index/${store.files('index')[0]}`);
    const unit = (number: number) => 40 + 4 * SLOTS + 20 * number;
    for (let number = 1; number <= 10; number++)
      store.disk.damage(path, unit(number) + 16, Buffer.from('0000000a', 'hex'));
    store.open();
    expect(store.idsOfKey('all').length).toBeLessThanOrEqual(5);
  });
});
