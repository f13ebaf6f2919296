import { describe, expect, it } from 'vitest';
import type { DiskFault } from '../../support/simulated-file-system.js';
import { idsIn, idsOf, SimulatedStore } from '../../support/simulated-store.js';
import { get } from '../../support/test-store.js';
import { settle } from '../../support/virtual-clock.js';

const LOG = /commitlog/;
const QUEUES = /consumequeue/;
/** In a file of the ConsumeQueue that a start does not open. */
const UNOPENED = 250;
const COLD = { accessMessageInMemoryMaxRatio: 0 };

const tooMany = (path: RegExp): DiskFault => ({ operation: 'open', path, code: 'EMFILE' });

/** A store of several files of each kind, of which hardly any is open. */
async function reopened(config = {}): Promise<SimulatedStore> {
  const store = new SimulatedStore(config);
  await store.send(400);
  await store.close();
  store.open();
  return store;
}

describe('a file that cannot be opened', () => {
  it.each([
    ['log, hot', LOG, {}, 0],
    ['log, cold', LOG, COLD, 0],
    ['ConsumeQueue', QUEUES, {}, UNOPENED],
  ])('moves no offset, and costs nothing when it can be again: %s', async (_, path, config, offset) => {
    const store = await reopened(config);
    store.disk.faults.push(tooMany(path));
    for (let i = 0; i < 3; i++) {
      const result = await get(store.store, 'TopicA', 0, offset);
      expect(result).toMatchObject({ status: 'SERVICE_NOT_AVAILABLE', nextBeginOffset: offset });
    }
    store.disk.faults.length = 0;
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });

  it('is named in the log once, with what to do', async () => {
    const store = await reopened();
    store.disk.faults.push(tooMany(LOG));
    const before = store.logger.lines.length;
    for (let i = 0; i < 9; i++) await get(store.store, 'TopicA', 0, 0);
    expect(store.logger.lines.slice(before)).toEqual([
      `ERROR Messages cannot be read now: ${store.logFile(0)} cannot be opened (EMFILE: simulated open of ${store.logFile(0)}): ` +
        'allow this process more open files (ulimit -n)',
    ]);
  });

  it('is not read as zeros by a search for what a damaged entry stands for', async () => {
    const store = await reopened();
    for (const name of store.files('consumequeue/TopicA/0').slice(0, 3))
      store.disk.damage(store.path(`consumequeue/TopicA/0/${name}`), 0, Buffer.alloc(500));
    // The search begins in the first file, and meets the second when it is under way.
    store.disk.faults.push(tooMany(new RegExp(store.logFile(16_384))));
    expect((await get(store.store, 'TopicA', 0, 0)).status).toBe('SERVICE_NOT_AVAILABLE');
    store.disk.faults.length = 0;
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });

  it('is waited for by a read with a filter, which gives what it found before', async () => {
    const store = await reopened();
    const [first] = store.stored.filter(({ commitLogOffset }) => commitLogOffset >= 16_384);
    store.disk.faults.push(tooMany(new RegExp(store.logFile(16_384))));
    const filter = { ofRecord: () => true };
    const ids: string[] = [];
    const read = (offset: number) => get(store.store, 'TopicA', 0, offset, 200, filter);
    let found = await read(0);
    for (; found.status === 'FOUND'; found = await read(found.nextBeginOffset)) ids.push(...idsIn(found));
    expect(ids).toEqual(idsOf(store.stored.slice(0, first!.queueOffset)));
    const { status, nextBeginOffset } = found;
    expect(nextBeginOffset).toBe(first!.queueOffset);
    expect(status).toBe('SERVICE_NOT_AVAILABLE');
  });

  it.each<[string, RegExp, (store: SimulatedStore) => unknown]>([
    ['a record', LOG, (it) => it.store.lookMessageByOffset(it.stored[0]!.commitLogOffset)],
    ['a key', LOG, (it) => it.idsOfKey('key-m3')],
    ['a store timestamp', LOG, (it) => it.store.getMessageStoreTimestamp('TopicA', 0, 3)],
    ['a time', LOG, (it) => it.store.getOffsetInQueueByTime('TopicA', 0, it.clock.now())],
    ['a tags code', QUEUES, (it) => it.store.getTagsCode('TopicA', 0, UNOPENED)],
    ['entries', QUEUES, (it) => it.store.queryConsumeQueue('TopicA', 0, UNOPENED, 9)],
  ])('makes a look for %s an error, and not one for what is not there', async (_, path, look) => {
    const store = await reopened();
    const expected = look(store);
    await store.close();
    store.open();
    store.disk.faults.push(tooMany(path));
    expect(() => look(store)).toThrow('cannot be opened (EMFILE');
    store.disk.faults.length = 0;
    expect(look(store)).toEqual(expected);
  });

  it('is lost when it is gone, with one line for it', async () => {
    const store = await reopened();
    const path = store.logFile(16_384);
    store.disk.delete(path);
    const lost = store.stored.filter(
      ({ commitLogOffset }) => commitLogOffset >= 16_384 && commitLogOffset < 32_768,
    );
    const left = store.stored.filter((message) => !lost.includes(message));
    expect(await store.ids()).toEqual(idsOf(left));
    expect(store.logger.lines.filter((line) => line.includes('cannot be read at byte'))).toEqual([
      expect.stringContaining(`${path} cannot be read at byte 0 (16384 bytes)`),
    ]);
  });
});

describe('more files than may be open', () => {
  /** A store of which an entry of each of so many ConsumeQueues is in memory only. */
  async function manyQueues(config = {}): Promise<SimulatedStore> {
    const store = new SimulatedStore({ mappedFileSizeCommitLog: 512 * 1024, ...config });
    for (let queueId = 0; queueId < 1100; queueId++)
      await store.send(1, { queueId, body: Buffer.alloc(100) });
    return store;
  }

  async function expectEverything(store: SimulatedStore): Promise<void> {
    store.disk.faults.length = 0;
    store.crash();
    store.open();
    for (const { id, queueId } of store.stored) expect(await store.ids('TopicA', queueId)).toContain(id);
  }

  it('leave the log open that is written to', async () => {
    const store = await manyQueues();
    store.disk.faults.push(tooMany(LOG));
    await store.checkpoint();
    await store.send(20);
    await expectEverything(store);
  });

  it('refuse what needs another file of the log only as long as that cannot be opened', async () => {
    const store = await manyQueues();
    await store.checkpoint();
    store.disk.faults.push(tooMany(/0524288$/));
    let last = await store.put();
    while (last.status === 'PUT_OK') last = await store.put();
    expect(last.status).toBe('SERVICE_NOT_AVAILABLE');
    expect(store.store.writeRefusal).toBeUndefined();
    expect(store.logger.lines.at(-1)).toMatch(
      /^ERROR Messages cannot be stored now: .*0524288 cannot be opened \(EMFILE/,
    );
    store.disk.faults.length = 0;
    await store.send(20);
    expect(store.stored.at(-1)!.commitLogOffset).toBeGreaterThan(524_288);
    await expectEverything(store);
  });

  it('make a checkpoint wait until they can be flushed', async () => {
    const store = await manyQueues({ flushDiskType: 'ASYNC_FLUSH' });
    // With the log its checkpoint waits, when the ConsumeQueues are written.
    store.disk.holdsSyncs = true;
    await store.clock.advance(11_000);
    await settle(100);
    store.disk.faults.push(tooMany(QUEUES));
    store.disk.releaseSyncs();
    await settle(100);
    expect(store.logger.lines.at(-1)).toMatch(
      /^ERROR The checkpoint cannot be written: OpenError: .* cannot be opened \(EMFILE/,
    );
    expect(store.disk.node(store.path('checkpoint'))).toBeUndefined();
    store.disk.faults.length = 0;
    await store.clock.advance(11_000);
    // One after the other.
    await settle(4000);
    expect(store.disk.node(store.path('checkpoint'))).toBeDefined();
    await expectEverything(store);
  });
});

describe('a file that cannot be opened at the start', () => {
  it.each([
    ['commitlog/00000000000000016384', 'kill'],
    ['consumequeue/TopicA/0/00000000000000003500', 'close'],
    ['index/', 'close'],
    ['checkpoint', 'close'],
    ['config/deletedTopics.json', 'close'],
  ] as const)('is an error that names it and what to do: %s', async (name, how) => {
    const store = new SimulatedStore();
    await store.send(200);
    await store.send(1, { topic: 'Deleted' });
    await store.store.deleteTopic('Deleted');
    await store[how]();
    store.disk.faults.push({ operation: 'open', path: new RegExp(name), code: 'EACCES' });
    expect(() => store.open()).toThrow(
      new RegExp(`${name}.* cannot be opened \\(EACCES.*let the user of this process read and write it`),
    );
    store.disk.faults.length = 0;
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored.slice(0, 200)));
    expect(store.logger.lines.join('\n')).not.toContain('ERROR');
  });
});
