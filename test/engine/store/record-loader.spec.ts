import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { BLOCK_SIZE } from '../../../lib/engine/store/block-cache.js';
import { idsIn, idsOf, SimulatedStore } from '../../support/simulated-store.js';
import { get } from '../../support/test-store.js';
import { settle } from '../../support/virtual-clock.js';

const QUEUES = 8;
const MESSAGES = 704;
const PAGE = 4096;
const HOT = {};
const COLD = { accessMessageInMemoryMaxRatio: 0 };

/** Queues side by side in a log of some blocks, none of which is in memory any more. */
async function interleaved(config = {}, queueOf = (i: number) => i % QUEUES): Promise<SimulatedStore> {
  const store = new SimulatedStore({
    mappedFileSizeCommitLog: 16 * BLOCK_SIZE,
    // Writes no zeros ahead, which would be counted too.
    flushDiskType: 'ASYNC_FLUSH',
    ...config,
  });
  for (let i = 0; i < MESSAGES; i++) await store.put({ queueId: queueOf(i), body: Buffer.alloc(1000, 'a') });
  await store.close();
  store.open();
  return store;
}

/** All queues to their ends, a pull of each in turn, as a consumer reads them. */
async function readInTurn(store: SimulatedStore): Promise<string[]> {
  const ids: string[] = [];
  const offsets = Array.from({ length: QUEUES }, () => 0);
  for (let isOver = false; !isOver;) {
    isOver = true;
    for (const [queueId, offset] of offsets.entries()) {
      const result = await get(store.store, 'TopicA', queueId, offset, 32);
      if (result.status === 'SERVICE_NOT_AVAILABLE') throw new Error(`${queueId} cannot be read now`);
      if (result.status !== 'FOUND') continue;
      ids.push(...idsIn(result));
      offsets[queueId] = result.nextBeginOffset;
      isOver = false;
    }
  }
  return ids;
}

const logSize = (store: SimulatedStore) => store.stored.at(-1)!.commitLogOffset + store.stored.at(-1)!.size;

describe('reading from files', () => {
  it.each([
    ['hot', HOT],
    ['cold', COLD],
  ])('reads what lies side by side for several queues once: %s', async (_, config) => {
    const store = await interleaved(config);
    const reads = store.countLogReads();
    expect((await readInTurn(store)).toSorted()).toEqual(idsOf(store.stored).toSorted());
    const blocks = Math.ceil(logSize(store) / BLOCK_SIZE);
    // One record lies across the end of each block.
    expect(reads.count).toBeLessThanOrEqual(2 * blocks);
  });

  it('shares the read of a block between the pulls that need it', async () => {
    const store = await interleaved(COLD);
    store.disk.holdsTransfers = /commitlog/;
    const found: string[] = [];
    for (let queueId = 0; queueId < QUEUES; queueId++)
      store.store.getMessage('TopicA', queueId, 0, 8, undefined, (result) => found.push(...idsIn(result)));
    await settle();
    expect(store.disk.heldTransferCount).toBe(1);
    expect(found).toEqual([]);
    store.disk.releaseTransfers();
    await settle();
    expect(found.toSorted()).toEqual(idsOf(store.stored.slice(0, 8 * QUEUES)).toSorted());
  });

  it('reads the next block, too, for who comes from the one before', async () => {
    const store = await interleaved(COLD);
    const firstOf = (block: number) =>
      store.stored.find((record) => record.commitLogOffset >= block * BLOCK_SIZE && record.queueId === 0)!;
    await get(store.store, 'TopicA', 0, 0, 8);
    store.disk.holdsTransfers = /commitlog/;
    let found = 0;
    const read = ({ queueOffset }: { queueOffset: number }) =>
      store.store.getMessage(
        'TopicA',
        0,
        queueOffset,
        4,
        undefined,
        (result) => (found += result.messageCount),
      );
    read(firstOf(1));
    await settle();
    expect(store.disk.heldTransferCount, 'blocks 1 and 2').toBe(2);
    store.disk.releaseTransfers();
    await settle();
    read(firstOf(2));
    expect(found, 'block 2 is there').toBe(8);
  });

  it('waits for no more than eight blocks at a time, and reads records alone meanwhile', async () => {
    const store = await interleaved({ ...COLD, mappedFileSizeCommitLog: 32 * BLOCK_SIZE });
    for (let i = 0; i < 1500; i++) await store.put({ queueId: 0, body: Buffer.alloc(1000, 'b') });
    await store.close();
    store.open();
    store.disk.holdsTransfers = /commitlog/;
    let found = 0;
    const offsets = [...Array(10).keys()].map((i) => 100 + i * 130);
    for (const offset of offsets)
      store.store.getMessage('TopicA', 0, offset, 8, undefined, (result) => (found += result.messageCount));
    await settle();
    expect(store.disk.heldTransferCount).toBe(offsets.length);
    store.disk.releaseTransfers();
    await settle();
    expect(found).toBe(8 * offsets.length);
  });

  it.each([
    ['hot', HOT],
    ['cold', COLD],
  ])('reads alone what lies far from the others of its queue: %s', async (_, config) => {
    const store = await interleaved(config, (i) => (i % 100 === 0 ? 1 : 0));
    const reads = store.countLogReads();
    const result = await get(store.store, 'TopicA', 1, 0, 8);
    expect(idsIn(result)).toEqual(idsOf(store.stored.filter(({ queueId }) => queueId === 1)));
    expect(reads.count).toBe(8);
  });

  it.each([
    ['hot', HOT],
    ['cold', COLD],
  ])(
    'loses only the records of a page that the disk cannot read, and has them when it can: %s',
    async (_, config) => {
      const store = await interleaved(config);
      const page = 20;
      const fault = { operation: 'read', path: /commitlog/, page, code: 'EIO' } as const;
      store.disk.faults.push(fault);
      const isHit = ({ commitLogOffset: start, size }: { commitLogOffset: number; size: number }) =>
        start < (page + 1) * PAGE && start + size > page * PAGE;
      const rest = store.stored.filter((record) => !isHit(record));
      expect(rest.length).toBeLessThan(MESSAGES);
      expect((await store.retry(() => readInTurn(store))).toSorted()).toEqual(idsOf(rest).toSorted());
      store.disk.faults.length = 0;
      await store.close();
      store.open();
      expect((await readInTurn(store)).toSorted()).toEqual(idsOf(store.stored).toSorted());
    },
  );

  it.each([
    ['hot', HOT],
    ['cold', COLD],
  ])('has all records of a page that the disk could not read at first: %s', async (_, config) => {
    const store = await interleaved(config);
    // The block, and its page.
    store.disk.faults.push({ operation: 'read', path: /commitlog/, page: 20, code: 'EIO', times: 2 });
    expect((await readInTurn(store)).toSorted()).toEqual(idsOf(store.stored).toSorted());
  });

  it('does not block behind reads that had to go to the disk, though they should not have had to', async () => {
    const store = await interleaved(HOT, () => 0);
    const { disk, clock } = store;
    const check = disk.check.bind(disk);
    disk.check = (operation, path, ...pages) => {
      if (operation === 'read' && path.includes('commitlog')) clock.pass(50);
      check(operation, path, ...pages);
    };
    const found: string[] = [];
    const read = (count: number) => {
      for (let i = 0; i < count; i++)
        store.store.getMessage('TopicA', 0, 9 * i, 1, undefined, (result) => found.push(...idsIn(result)));
    };
    for (const count of [4, 8]) {
      disk.holdsTransfers = /commitlog/;
      found.length = 0;
      read(1 + count);
      await settle();
      expect([found.length, disk.heldTransferCount]).toEqual([1, count]);
      disk.releaseTransfers();
      await settle();
      expect(found).toHaveLength(1 + count);
    }
    disk.check = check;
    disk.holdsTransfers = /commitlog/;
    read(9);
    expect(disk.heldTransferCount, 'as they are quick again').toBe(0);
  });

  it('takes no more to be in memory than a container has', async () => {
    const limit = vi.spyOn(process, 'constrainedMemory').mockReturnValue(1000);
    onTestFinished(() => limit.mockRestore());
    const store = await interleaved(HOT);
    store.disk.holdsTransfers = /commitlog/;
    store.store.getMessage('TopicA', 0, 0, 1, undefined, () => {});
    await settle();
    expect(store.disk.heldTransferCount).toBe(1);
    store.disk.releaseTransfers();
  });

  it('has what was written since a block was read', async () => {
    const store = await interleaved(COLD);
    await store.send(8, { queueId: 0, body: Buffer.alloc(1000, 'b') });
    await store.close();
    store.open();
    const firstOfEight = MESSAGES / QUEUES;
    await get(store.store, 'TopicA', 0, firstOfEight, 8);
    for (let i = 0; i < 1200; i++) await store.put({ queueId: 0, body: Buffer.alloc(1000, 'c') });
    const ids = idsOf(store.stored.filter(({ queueId }) => queueId === 0));
    const result = await get(store.store, 'TopicA', 0, firstOfEight + 4, 8);
    expect(idsIn(result)).toEqual(ids.slice(firstOfEight + 4, firstOfEight + 12));
  });
});
