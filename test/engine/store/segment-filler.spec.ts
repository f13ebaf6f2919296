import { describe, expect, it } from 'vitest';
import { idsOf, SimulatedStore } from '../../support/simulated-store.js';
import { settle } from '../../support/virtual-clock.js';

const MIB = 1024 * 1024;
const LARGE = { mappedFileSizeCommitLog: 8 * MIB };

/** Bytes of the disk that the log takes up. */
function usedByLog(store: SimulatedStore): number {
  let pages = 0;
  for (const path of store.disk.paths()) {
    const node = store.disk.node(path)!;
    if (path.includes('/commitlog/') && node !== 'directory') pages += node.pageCount;
  }
  return pages * 4096;
}

describe('zeros ahead of the writer', () => {
  it('reach about a megabyte with SYNC_FLUSH, so that an idle store stays small', async () => {
    const store = new SimulatedStore(LARGE);
    await store.send(1);
    await settle(30);
    expect(usedByLog(store)).toBeGreaterThanOrEqual(MIB);
    expect(usedByLog(store)).toBeLessThanOrEqual(1.5 * MIB);
    for (let i = 0; i < 40; i++) await store.send(5, { body: Buffer.alloc(8000, 1) });
    await settle(30);
    expect(usedByLog(store)).toBeGreaterThanOrEqual(2.5 * MIB);
    expect(usedByLog(store)).toBeLessThanOrEqual(3.1 * MIB);
  });

  it('are not written as long as the disk is slow, which has enough to do with the log', async () => {
    const store = new SimulatedStore(LARGE);
    let passed = 0;
    store.clock.monotonicNow = () => (passed += 3);
    for (let i = 0; i < 70; i++) {
      store.disk.holdsTransfers = true;
      const put = store.put();
      await store.clock.advance(3);
      store.disk.releaseTransfers();
      await put;
    }
    await settle(30);
    expect(usedByLog(store)).toBeLessThanOrEqual(MIB / 2);
    store.clock.monotonicNow = () => passed;
    for (let i = 0; i < 80; i++) await store.send(1);
    await settle(30);
    expect(usedByLog(store)).toBeGreaterThanOrEqual(MIB);
  });

  it('are not written beside large flushes, which take as long without', async () => {
    const store = new SimulatedStore(LARGE);
    await store.send(1);
    await settle(30);
    const body = Buffer.alloc(8000, 1);
    for (let i = 0; i < 10; i++) await Promise.all(Array.from({ length: 25 }, () => store.put({ body })));
    await settle(30);
    expect(usedByLog(store)).toBeLessThanOrEqual(2.3 * MIB);
    for (let i = 0; i < 20; i++) await store.send(1);
    await settle(30);
    expect(usedByLog(store)).toBeGreaterThanOrEqual(2.9 * MIB);
  });

  it('are not written with ASYNC_FLUSH', async () => {
    const store = new SimulatedStore({ ...LARGE, flushDiskType: 'ASYNC_FLUSH' });
    await store.send(1);
    await settle(30);
    expect(usedByLog(store)).toBe(4096);
  });

  it('never cover a record, however fast the writer is', async () => {
    const store = new SimulatedStore(LARGE);
    const sends: Promise<unknown>[] = [];
    for (let turn = 0; turn < 60; turn++) {
      for (let i = turn % 7; i < 8; i++)
        sends.push(store.put({ body: Buffer.alloc(1000 * (i + 1), turn + 1) }));
      await settle(turn % 3);
    }
    await Promise.all(sends);
    await settle(30);
    await store.close();
    store.open();
    const messages = await store.read();
    expect(messages.map(({ msgId }) => msgId)).toEqual(idsOf(store.stored));
    expect(messages.every(({ body }) => body.every((byte) => byte === body[0] && byte !== 0))).toBe(true);
  });

  it('that the disk does not take stop no message that it still takes', async () => {
    const store = new SimulatedStore(LARGE);
    store.disk.capacity = store.disk.used + 600 * 1024;
    await store.send(10);
    await settle(30);
    expect(store.store.writeRefusal).toBeUndefined();
    await store.send(10);
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });
});
