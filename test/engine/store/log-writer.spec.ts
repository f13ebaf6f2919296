import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { idsOf, SimulatedStore } from '../../support/simulated-store.js';
import type { PutOutcome } from '../../support/test-store.js';
import { settle, VirtualClock } from '../../support/virtual-clock.js';

const MIB = 1024 * 1024;
const LARGE = { mappedFileSizeCommitLog: 8 * MIB };
/** So long that the next messages reach what is being filled with zeros. */
const BODY = Buffer.alloc(8000, 1);

/** A store whose next write has to wait for zeros that the disk does not take, and what was put so far. */
async function openStuck(config = {}) {
  const store = new SimulatedStore({ ...LARGE, ...config });
  await store.send(1);
  await settle(30);
  store.disk.holdsTransfers = true;
  const answers: PutOutcome['status'][] = [];
  const put = () => void store.put({ body: BODY }).then(({ status }) => answers.push(status));
  while (answers.length === 0 || store.store.maxPhyOffset < 1.2 * MIB) {
    put();
    await settle();
  }
  return { store, answers, put };
}

describe('a write that is stuck', () => {
  it('is given up after osPageCacheBusyTimeOutMills, and nothing of it is stored', async () => {
    const { store, answers, put } = await openStuck();
    const acknowledged = answers.length;
    for (let i = 0; i < 30; i++) put();
    await settle();
    const waiting = 30 - (answers.length - acknowledged);
    await store.clock.advance(999);
    expect(store.store.isOSPageCacheBusy).toBe(false);
    await store.clock.advance(1);
    expect(store.store.isOSPageCacheBusy).toBe(true);
    expect(store.logger.lines.at(-1)).toContain(
      'The disk has not taken a write to the commit log for 1000 ms',
    );
    expect(answers.filter((status) => status === 'OS_PAGE_CACHE_BUSY')).toHaveLength(waiting);
    expect((await store.put()).status).toBe('OS_PAGE_CACHE_BUSY');
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });

  it('ends when the disk goes on: what comes then takes the place of what was given up', async () => {
    const { store, answers, put } = await openStuck();
    for (let i = 0; i < 30; i++) put();
    await store.clock.advance(1000);
    expect(answers).toContain('OS_PAGE_CACHE_BUSY');
    store.disk.releaseTransfers();
    await settle();
    expect(store.store.isOSPageCacheBusy).toBe(false);
    expect(store.logger.lines.at(-1)).toBe('LOG The disk goes on: sending resumes');
    await store.send(30, { body: BODY });
    expect(await store.ids()).toEqual(idsOf(store.stored));
    store.crash();
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });

  it('that goes on in time is written, and answered', async () => {
    const { store, answers, put } = await openStuck();
    for (let i = 0; i < 30; i++) put();
    await store.clock.advance(999);
    store.disk.releaseTransfers();
    await settle(20);
    expect(new Set(answers)).toEqual(new Set(['PUT_OK']));
    await store.clock.advance(5000);
    expect(store.store.isOSPageCacheBusy).toBe(false);
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });

  it('lets the store end when the disk goes on', async () => {
    const { store, put } = await openStuck();
    for (let i = 0; i < 30; i++) put();
    await store.clock.advance(1000);
    const closed = store.close();
    await settle();
    store.disk.releaseTransfers();
    await closed;
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });
});

describe('a write behind a slow one', () => {
  /** A store of which the disk has been slow, and holds what is written off the event loop; and what was put since. */
  async function openSlow() {
    const store = new SimulatedStore(LARGE);
    await store.send(1);
    await settle(30);
    let passed = 0;
    store.clock.monotonicNow = () => (passed += 3);
    await store.send(1);
    store.disk.holdsTransfers = true;
    const answers: PutOutcome['status'][] = [];
    const put = () => void store.put().then(({ status }) => answers.push(status));
    put();
    await settle();
    // What comes while it is written.
    put();
    put();
    await settle();
    return { store, answers };
  }

  it('is made off the event loop, and what comes meanwhile after it', async () => {
    const { store, answers } = await openSlow();
    expect(answers).toEqual([]);
    store.disk.releaseTransfers();
    await settle(20);
    expect(answers).toEqual(['PUT_OK', 'PUT_OK', 'PUT_OK']);
    store.crash();
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });

  it('is given back with everything behind it when it fails', async () => {
    const { store, answers } = await openSlow();
    store.disk.faults.push({ operation: 'write', path: /commitlog/, code: 'EIO', times: 1 });
    store.disk.releaseTransfers();
    await settle(20);
    expect(new Set(answers)).toEqual(new Set(['SERVICE_NOT_AVAILABLE']));
    expect(answers).toHaveLength(3);
    expect(await store.ids()).toEqual(idsOf(store.stored));
    store.kill();
    store.open();
    await store.send(5);
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });

  it('is not stored when a flush fails meanwhile, though a later one would succeed', async () => {
    const store = new SimulatedStore(LARGE);
    await store.send(1);
    await settle(30);
    let passed = 0;
    store.clock.monotonicNow = () => (passed += 3);
    store.disk.holdsSyncs = true;
    store.disk.faults.push({ operation: 'sync', path: /commitlog/, code: 'EIO', times: 1 });
    const flushed = store.put();
    await settle();
    store.disk.holdsTransfers = true;
    const written = store.put();
    await settle();
    expect(store.disk.heldTransferCount).toBe(1);
    store.disk.releaseSyncs();
    expect((await flushed).status).toBe('SERVICE_NOT_AVAILABLE');
    store.disk.releaseTransfers();
    expect((await written).status).toBe('SERVICE_NOT_AVAILABLE');
    store.crash();
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });

  it('is waited for when it is stuck, while what is behind it is refused', async () => {
    const { store, answers } = await openSlow();
    await store.clock.advance(1000);
    expect(answers).toEqual(['OS_PAGE_CACHE_BUSY', 'OS_PAGE_CACHE_BUSY']);
    store.disk.releaseTransfers();
    await settle(20);
    expect(answers).toEqual(['OS_PAGE_CACHE_BUSY', 'OS_PAGE_CACHE_BUSY', 'PUT_OK']);
    await store.send(5);
    expect(await store.ids()).toEqual(idsOf(store.stored));
    store.crash();
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });
});

describe('writes off the event loop', () => {
  it('that were quick are not stuck because the event loop was blocked', async () => {
    const store = new SimulatedStore({ ...LARGE, flushDiskType: 'ASYNC_FLUSH' });
    let passed = 0;
    store.clock.monotonicNow = () => (passed += 3);
    await store.send(1);
    store.clock.monotonicNow = () => VirtualClock.prototype.monotonicNow.call(store.clock);
    store.disk.holdsTransfers = true;
    const puts = [store.put()];
    await settle();
    puts.push(store.put());
    store.clock.pass(2000);
    // Timers run before what has ended is heard.
    await store.clock.advance(10);
    expect(store.store.isOSPageCacheBusy).toBe(false);
    store.disk.releaseTransfers();
    for (const { status } of await Promise.all(puts)) expect(status).toBe('PUT_OK');
    await store.clock.advance(5000);
    expect(store.store.isOSPageCacheBusy).toBe(false);
  });

  it('are four after one slow write, twice as many after each that follows, 64 at most', async () => {
    const store = new SimulatedStore({ ...LARGE, flushDiskType: 'ASYNC_FLUSH' });
    let passed = 0;
    let millisOfWrite = 0;
    store.clock.monotonicNow = () => (passed += millisOfWrite);
    const write = async (millis: number) => {
      millisOfWrite = millis;
      store.disk.holdsTransfers = true;
      const put = store.put();
      await settle();
      const isOffLoop = store.disk.heldTransferCount > 0;
      await store.clock.advance(millis);
      store.disk.releaseTransfers();
      await put;
      return isOffLoop;
    };
    const writesOffLoop = async () => {
      let count = 0;
      while (await write(0)) count++;
      return count;
    };
    await write(3);
    expect(await writesOffLoop()).toBe(4);
    await write(3);
    for (let i = 0; i < 3; i++) expect(await write(3)).toBe(true);
    expect(await writesOffLoop()).toBe(32);
    for (let i = 0; i < 9; i++) await write(3);
    expect(await writesOffLoop()).toBe(64);
    await write(3);
    expect(await writesOffLoop()).toBe(4);
  });

  it('that were quick are not slow because a busy event loop hears late of them', async () => {
    const store = new SimulatedStore({ ...LARGE, flushDiskType: 'ASYNC_FLUSH' });
    let passed = 0;
    store.clock.monotonicNow = () => (passed += 3);
    await store.send(1);
    store.clock.monotonicNow = () => store.clock.now();
    const isOffLoop: boolean[] = [];
    for (let i = 0; i < 8; i++) {
      store.disk.holdsTransfers = true;
      const put = store.put();
      await settle();
      isOffLoop.push(store.disk.heldTransferCount > 0);
      store.clock.pass(10);
      store.disk.releaseTransfers();
      await put;
    }
    expect(isOffLoop).toEqual([true, true, true, true, false, false, false, false]);
  });

  it('that the end of a piece of memory has divided are caught up with, so that none waits for many', async () => {
    const store = new SimulatedStore({ ...LARGE, flushDiskType: 'ASYNC_FLUSH' });
    let passed = 0;
    store.clock.monotonicNow = () => (passed += 3);
    await store.send(1);
    store.disk.holdsTransfers = true;
    let answered = 0;
    const put = async () => {
      void store.put({ body: BODY }).then(() => answered++);
      await settle();
    };
    // Four pieces of 256 KiB.
    for (let i = 0; i < 130; i++) await put();
    for (let i = 0; i < 10; i++) {
      await put();
      store.disk.releaseTransfer();
      await settle();
    }
    const before = answered;
    await put();
    for (let i = 0; i < 2; i++) {
      store.disk.releaseTransfer();
      await settle();
    }
    expect(before).toBeGreaterThan(130);
    expect(answered).toBe(141);
    store.disk.releaseTransfers();
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });
});

describe('what is on its way to the disk', () => {
  it('makes the store busy by its number, and by its bytes', async () => {
    const byNumber = new SimulatedStore({ maxPendingMessages: 10 });
    const byBytes = new SimulatedStore({ ...LARGE, maxPendingBytes: 50_000 });
    for (const store of [byNumber, byBytes]) {
      await store.send(1);
      store.disk.holdsSyncs = true;
      let count = 0;
      for (; !store.store.isBusy; count++) {
        void store.put({ body: BODY });
        await settle();
      }
      expect(count).toBe(store === byNumber ? 10 : 7);
      store.disk.releaseSyncs();
      await settle(10);
      expect(store.store.isBusy).toBe(false);
      expect(store.stored).toHaveLength(count + 1);
    }
  });

  it('ends with the write under ASYNC_FLUSH', async () => {
    const store = new SimulatedStore({ flushDiskType: 'ASYNC_FLUSH', maxPendingMessages: 10 });
    store.disk.holdsSyncs = true;
    for (let i = 0; i < 10; i++) void store.put();
    expect(store.store.isBusy).toBe(true);
    await settle();
    expect(store.store.isBusy).toBe(false);
  });

  it('is no reason to wait for a store that takes nothing', async () => {
    const store = new SimulatedStore({ maxPendingMessages: 1 });
    store.disk.faults.push({ operation: 'sync', path: /commitlog/, code: 'EIO', times: 1 });
    await store.put();
    expect(store.store.isBusy).toBe(false);
    expect((await store.put()).status).toBe('SERVICE_NOT_AVAILABLE');
  });
});

type Step = 'put' | 'put many' | 'hold' | 'release' | 'second' | 'turn';
const steps = fc.array(
  fc.constantFrom<Step>('put', 'put many', 'put many', 'hold', 'hold', 'release', 'second', 'turn'),
  { minLength: 20, maxLength: 60, size: 'max' },
);

describe('a disk that hesitates', () => {
  it('keeps exactly what was acknowledged', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.boolean(), async (script, isCut) => {
        const store = new SimulatedStore({ mappedFileSizeCommitLog: 512 * 1024 });
        await store.send(1);
        const puts: Promise<PutOutcome>[] = [];
        for (const step of script) {
          if (step === 'hold') store.disk.holdsTransfers = true;
          if (step === 'release') store.disk.releaseTransfers();
          if (step === 'second') await store.clock.advance(1000);
          if (step === 'turn') await settle();
          for (let i = step === 'put many' ? 40 : step === 'put' ? 1 : 0; i > 0; i--)
            puts.push(store.put({ body: BODY, queueId: i % 2 }));
        }
        store.disk.releaseTransfers();
        await Promise.all(puts);
        const kept = (queueId: number) =>
          idsOf(store.stored.filter((message) => message.queueId === queueId));
        const check = async () => {
          for (const queueId of [0, 1]) expect(await store.ids('TopicA', queueId)).toEqual(kept(queueId));
        };
        await check();
        if (isCut) store.crash();
        else await store.close();
        store.open();
        await check();
      }),
      { numRuns: 30 },
    );
  });
});
