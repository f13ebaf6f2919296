import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveMessageStoreConfig } from '../../../lib/engine/store/message-store-config.js';
import { SimulatedStore, TINY_FILES } from '../../support/simulated-store.js';
import { javaHash, recordChecksum, StoreReader } from '../../support/store-reader.js';
import { innerMessage, openStore, put, temporaryDirectory } from '../../support/test-store.js';
import { VirtualClock } from '../../support/virtual-clock.js';

const LOG_FILE_SIZE = TINY_FILES.mappedFileSizeCommitLog!;
const IPV6 = { address: Buffer.from('20010db8000000000000000000000001', 'hex'), port: 20_911 };

function readLog(store: SimulatedStore): StoreReader {
  return new StoreReader(store.files('commitlog').map((name) => store.content(`commitlog/${name}`)));
}

/** A store with messages in three queues, several files of each kind, and a clean end. */
async function writtenStore(): Promise<SimulatedStore> {
  const store = new SimulatedStore();
  for (let i = 0; i < 90; i++) await store.send(1, { queueId: i % 3 });
  await store.close();
  return store;
}

describe('the commit log that the store writes', () => {
  it('holds every field where the layout says', async () => {
    const store = new SimulatedStore();
    const storedAt = store.clock.now();
    const message = innerMessage({
      ...{ topic: 'Topic-1', queueId: 3, flag: -7, sysFlag: 0x301, bornTimestamp: 1_700_000_000_123 },
      bornHost: { address: Buffer.from([10, 0, 0, 9]), port: 46_692 },
      storeHost: IPV6,
      ...{ reconsumeTimes: 5, preparedTransactionOffset: 2 ** 40 },
      body: Buffer.from('körper'),
      properties: new Map([
        ['KEYS', 'k1 k2'],
        ['名', '值'],
      ]),
      brokerProperties: Buffer.from('CLUSTER\u0001c\u0002'),
    });
    await put(store.store, innerMessage());
    const { records } = await put(store.store, message);
    const { commitLogOffset, msgSize } = records[0]!;
    const [, record] = readLog(store).records;
    expect(record).toMatchObject({
      ...{ position: commitLogOffset, size: msgSize, magic: 0xdaa320a7, queueId: 3, flag: -7 },
      ...{ queueOffset: 0n, physicalOffset: BigInt(commitLogOffset), sysFlag: 0x321 },
      ...{ bornTimestamp: 1_700_000_000_123n, bornHost: '0a000009:46692' },
      ...{ storeTimestamp: BigInt(storedAt), storeHost: '20010db8000000000000000000000001:20911' },
      ...{ reconsumeTimes: 5, preparedTransactionOffset: 2n ** 40n, topic: 'Topic-1' },
    });
    expect(record!.body.toString()).toBe('körper');
    const bytes = store
      .content('commitlog/00000000000000000000')
      .subarray(commitLogOffset, commitLogOffset + msgSize);
    const checksum = `__CRC32#\u0001${recordChecksum(bytes)}\u0002`;
    expect(record!.properties).toBe(`KEYS\u0001k1 k2\u0002名\u0001值\u0002CLUSTER\u0001c\u0002${checksum}`);
  });

  it('is, without the checksum, the record that Apache writes', async () => {
    const store = new SimulatedStore({ enabledAppendPropCRC: false });
    await put(store.store, innerMessage({ queueId: 2, properties: new Map([['TAGS', 'TagA']]) }));
    const [record] = readLog(store).records;
    expect(record!.properties).toBe('TAGS\u0001TagA\u0002');
    expect(store.content('commitlog/00000000000000000000').toString('hex', 0, 20)).toBe(
      '00000070' + 'daa320a7' + '3610a686' + '00000002' + '00000000',
    );
    expect(record!.size).toBe(91 + 'hello'.length + 'TopicA'.length + 'TAGS1TagA2'.length);
  });

  it('is contiguous, ends each file with a blank, and is zero behind its end', async () => {
    const store = await writtenStore();
    const { records, blanks, end } = readLog(store);
    expect(records.map(({ position }) => position)).toEqual(
      store.stored.map(({ commitLogOffset }) => commitLogOffset),
    );
    expect(records.map(({ physicalOffset }) => Number(physicalOffset))).toEqual(
      records.map(({ position }) => position),
    );
    expect(blanks.length).toBeGreaterThan(1);
    for (const { position, length } of blanks) {
      expect((position + length) % LOG_FILE_SIZE, 'the blank reaches to the end of its file').toBe(0);
      const next = records.find((record) => record.position > position)!;
      expect(next.position).toBe(position + length);
      expect(next.size + 8).toBeGreaterThan(length);
    }
    const last = store.content(`commitlog/${store.files('commitlog').at(-1)}`);
    expect(last.subarray(end % LOG_FILE_SIZE).every((byte) => byte === 0)).toBe(true);
  });

  it('stores a batch in one file, one record behind the other', async () => {
    const store = new SimulatedStore();
    await store.send(35);
    const batch = Array.from({ length: 20 }, () => store.message());
    const { records } = await put(store.store, ...batch);
    expect(
      new Set(records.map(({ commitLogOffset }) => Math.floor(commitLogOffset / LOG_FILE_SIZE))).size,
    ).toBe(1);
    expect(records.map(({ consumeQueueOffset }) => consumeQueueOffset)).toEqual(batch.map((_, i) => 35 + i));
    for (let i = 1; i < records.length; i++)
      expect(records[i]!.commitLogOffset).toBe(records[i - 1]!.commitLogOffset + records[i - 1]!.msgSize);
    expect(readLog(store).records).toHaveLength(55);
  });
});

describe('the ConsumeQueues that the store writes', () => {
  it('have a unit of 20 bytes for each message, and are zero behind the last', async () => {
    const store = await writtenStore();
    expect(store.files('consumequeue/TopicA/1')).toEqual(['00000000000000000000', '00000000000000000500']);
    const units = Buffer.concat(
      store.files('consumequeue/TopicA/1').map((name) => store.content(`consumequeue/TopicA/1/${name}`)),
    );
    expect(units).toHaveLength(2 * TINY_FILES.mappedFileSizeConsumeQueue!);
    const messages = store.stored.filter(({ queueId }) => queueId === 1);
    for (const [i, { commitLogOffset, size }] of messages.entries()) {
      expect(units.readBigInt64BE(i * 20)).toBe(BigInt(commitLogOffset));
      expect(units.readInt32BE(i * 20 + 8)).toBe(size);
      expect(units.readBigInt64BE(i * 20 + 12)).toBe(BigInt(javaHash('TagA')));
    }
    expect(units.subarray(messages.length * 20).every((byte) => byte === 0)).toBe(true);
  });

  it('hold negative hashes with their sign, 0 without tags, and in the schedule topic the time that is due', async () => {
    const store = new SimulatedStore();
    const tags = 'polygenelubricants';
    expect(javaHash(tags)).toBe(-(2 ** 31));
    await put(store.store, innerMessage({ properties: new Map([['TAGS', tags]]) }));
    await put(store.store, innerMessage());
    const delayed = { topic: 'SCHEDULE_TOPIC_XXXX', queueId: 2 };
    await put(
      store.store,
      innerMessage({
        ...delayed,
        properties: new Map([
          ['DELAY', '3'],
          ['TAGS', 'x'],
        ]),
      }),
    );
    const storedAt = store.clock.now();
    await store.close();
    const units = store.content('consumequeue/TopicA/0/00000000000000000000');
    expect(units.readBigInt64BE(12)).toBe(BigInt(javaHash(tags)));
    expect(units.readBigInt64BE(32)).toBe(0n);
    const due = store.content('consumequeue/SCHEDULE_TOPIC_XXXX/2/00000000000000000000').readBigInt64BE(12);
    expect(due).toBe(BigInt(storedAt + 10_000));
  });
});

describe('the index that the store writes', () => {
  it('leads from the hash of each key over slots and chains to its records', async () => {
    const store = await writtenStore();
    const files = store.files('index').map((name) => store.content(`index/${name}`));
    const { maxHashSlotNum: slots, maxIndexNum: units } = TINY_FILES as Required<typeof TINY_FILES>;
    expect(files.length).toBeGreaterThan(2);
    const found = new Map<string, number[]>();
    for (const file of files) {
      expect(file).toHaveLength(40 + 4 * slots + 20 * units);
      const count = file.readInt32BE(36);
      const usedSlots = Array.from({ length: slots }, (_, slot) => file.readInt32BE(40 + slot * 4)).filter(
        Boolean,
      );
      expect(file.readInt32BE(32)).toBe(usedSlots.length);
      expect(Math.max(...usedSlots), 'the newest entry is in a slot').toBe(count - 1);
      const unit = (number: number) => 40 + 4 * slots + 20 * number;
      expect(Number(file.readBigInt64BE(16))).toBe(Number(file.readBigInt64BE(unit(1) + 4)));
      expect(Number(file.readBigInt64BE(24))).toBe(Number(file.readBigInt64BE(unit(count - 1) + 4)));
      for (const { id } of store.stored) {
        for (const key of [id, `key-${id}`]) {
          const hash = Math.abs(javaHash(`TopicA#${key}`));
          for (let n = file.readInt32BE(40 + (hash % slots) * 4); n > 0; n = file.readInt32BE(unit(n) + 16)) {
            if (file.readInt32BE(unit(n)) !== hash) continue;
            found.set(key, [...(found.get(key) ?? []), Number(file.readBigInt64BE(unit(n) + 4))]);
          }
        }
      }
    }
    for (const { id, commitLogOffset } of store.stored) {
      expect(found.get(id)).toContain(commitLogOffset);
      expect(found.get(`key-${id}`)).toContain(commitLogOffset);
    }
  });

  it('counts seconds from the first record of the file', async () => {
    const store = new SimulatedStore();
    const begin = store.clock.now();
    await store.send(1);
    await store.clock.advance(2999);
    await store.send(1);
    await store.close();
    const file = store.content(`index/${store.files('index')[0]!}`);
    expect(file.readBigInt64BE(0)).toBe(BigInt(begin));
    expect(file.readBigInt64BE(8)).toBe(BigInt(begin + 2999));
    const seconds = [1, 2, 3, 4].map((unit) => file.readInt32BE(40 + 4 * 50 + 20 * unit + 12));
    expect(seconds).toEqual([0, 0, 2, 2]);
  });
});

describe('the directory of a store', () => {
  it('has after a clean end the files of Apache, and the ends of the queues', async () => {
    const store = await writtenStore();
    const directories = ['commitlog', 'config', 'consumequeue', 'index'];
    const names = [...store.disk.paths()]
      .filter((path) => path.startsWith(`${store.directory}/`))
      .map((path) => path.slice(store.directory.length + 1).split('/')[0]!);
    expect([...new Set(names)].sort()).toEqual([...directories, 'checkpoint', 'lock'].sort());
    expect(store.content('lock').toString()).toBe('lock');
    const newest = store.clock.now();
    const checkpoint = store.content('checkpoint');
    expect(checkpoint).toHaveLength(4096);
    for (const position of [0, 8, 16]) expect(checkpoint.readBigInt64BE(position)).toBe(BigInt(newest));
    expect(checkpoint.subarray(24).every((byte) => byte === 0)).toBe(true);
    expect(store.files('index')[0]).toMatch(/^\d{17}$/);
    expect(store.files('commitlog')).toEqual([
      '00000000000000000000',
      '00000000000000016384',
      '00000000000000032768',
    ]);
  });

  it('has `abort` with the pid while it is open, and the next commit-log file from the start', async () => {
    const store = new SimulatedStore();
    expect(store.content('abort').toString()).toBe(String(process.pid));
    await store.send(1);
    expect(store.files('commitlog')).toEqual(['00000000000000000000', '00000000000000016384']);
    expect(store.content('commitlog/00000000000000016384').every((byte) => byte === 0)).toBe(true);
    await store.close();
    expect(store.files('commitlog')).toEqual(['00000000000000000000']);
  });

  it('has files of the lengths of Apache, which take up no room until they are used', async () => {
    const directory = temporaryDirectory();
    const { storePathRootDir: _, ...defaults } = resolveMessageStoreConfig();
    const clock = new VirtualClock();
    const store = openStore(directory, { config: { ...defaults, diskSpaceWarningLevelRatio: 100 }, clock });
    await put(store, innerMessage({ properties: new Map([['UNIQ_KEY', 'id']]) }));
    await store.close();
    const file = (...path: string[]) => statSync(join(directory, ...path));
    expect(file('commitlog', '00000000000000000000').size).toBe(1_073_741_824);
    expect(file('consumequeue', 'TopicA', '0', '00000000000000000000').size).toBe(6_000_000);
    const [index] = readdirSync(join(directory, 'index'));
    expect(index).toBe(localStamp(clock.now()));
    expect(file('index', index!).size).toBe(420_000_040);
    expect(file('checkpoint').size).toBe(4096);
    expect(readFileSync(join(directory, 'lock'), 'latin1')).toBe('lock');
    expect(file('commitlog', '00000000000000000000').blocks * 512).toBeLessThan(4 * 1024 * 1024);
    expect(file('index', index!).blocks * 512).toBeLessThan(1024 * 1024);
  });
});

/** yyyyMMddHHmmssSSS in local time, from the form that `Date` itself gives. */
function localStamp(time: number): string {
  const date = new Date(time - new Date(time).getTimezoneOffset() * 60_000);
  return date.toISOString().replaceAll(/\D/g, '');
}
