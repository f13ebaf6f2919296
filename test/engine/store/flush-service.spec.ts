import { describe, expect, it } from 'vitest';
import { idsOf, SimulatedStore } from '../../support/simulated-store.js';
import { put } from '../../support/test-store.js';
import { settle } from '../../support/virtual-clock.js';

const LOG = 'commitlog/';
/** Does not wait for the flush. */
const IMPATIENT = { properties: new Map([['WAIT', 'false']]) };
const logSyncs = (store: SimulatedStore) => store.operations('sync', LOG);

describe('SYNC_FLUSH', () => {
  it('shares one write and one flush among all sends of a turn', async () => {
    const store = new SimulatedStore({ mappedFileSizeCommitLog: 1024 * 1024 });
    await store.send(1);
    // Until the file is filled with zeros, which is not what is counted here.
    await settle(20);
    const writes = store.operations('write', LOG);
    const syncs = logSyncs(store);
    const outcomes = await Promise.all(Array.from({ length: 200 }, () => store.put()));
    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['PUT_OK']));
    expect(logSyncs(store) - syncs).toBe(1);
    expect(store.operations('write', LOG) - writes).toBe(1);
  });

  it('shares the next flush among all that came while one was under way', async () => {
    const store = new SimulatedStore();
    await store.send(1);
    store.disk.holdsSyncs = true;
    const syncs = logSyncs(store);
    const first = store.put();
    await settle();
    const later = [];
    for (let turn = 0; turn < 5; turn++) {
      later.push(store.put(), store.put());
      await settle();
    }
    expect(logSyncs(store) - syncs).toBe(1);
    store.disk.releaseSyncs();
    await Promise.all([first, ...later]);
    expect(logSyncs(store) - syncs).toBe(2);
  });

  it('answers only what was written before the flush began', async () => {
    const store = new SimulatedStore();
    store.disk.holdsSyncs = true;
    const answered: string[] = [];
    const note = (name: string) => store.put().then(() => answered.push(name));
    const first = note('first');
    await settle();
    const second = note('second');
    await settle();
    expect(answered).toEqual([]);
    store.disk.releaseSyncs();
    store.disk.holdsSyncs = true;
    await first;
    await settle();
    expect(answered).toEqual(['first']);
    expect(await store.ids()).toEqual(['m0']);
    store.disk.releaseSyncs();
    await second;
  });

  it('loses nothing acknowledged when power is lost', async () => {
    const store = new SimulatedStore();
    await store.send(50);
    store.crash();
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });

  it('shows no message to consumers that a power cut could still take away', async () => {
    const store = new SimulatedStore();
    store.disk.holdsSyncs = true;
    void store.put();
    await settle();
    expect(store.store.getMaxOffsetInQueue('TopicA', 0)).toBe(0);
    expect(store.arrived).toEqual([]);
    store.disk.releaseSyncs();
    await settle();
    expect(store.arrived).toHaveLength(1);
  });

  it('answers FLUSH_DISK_TIMEOUT when the disk hangs for syncFlushTimeout, and delivers the message later', async () => {
    const store = new SimulatedStore({ syncFlushTimeout: 5000 });
    store.disk.holdsSyncs = true;
    const answered: string[] = [];
    void put(store.store, store.message()).then(({ status }) => answered.push(status));
    await store.clock.advance(3000);
    void put(store.store, store.message()).then(({ status }) => answered.push(status));
    await store.clock.advance(1999);
    expect(answered).toEqual([]);
    await store.clock.advance(1);
    expect(answered).toEqual(['FLUSH_DISK_TIMEOUT']);
    // Those behind it are looked at every second from then on.
    await store.clock.advance(3000);
    expect(answered).toEqual(['FLUSH_DISK_TIMEOUT', 'FLUSH_DISK_TIMEOUT']);
    store.disk.releaseSyncs();
    await settle();
    expect(await store.ids()).toEqual(['m0', 'm1']);
    await store.send(1);
  });

  it.each([
    ['while it flushes', true],
    ['before the flush began', false],
  ])('does not take a disk for late because the event loop was blocked %s', async (_when, isFlushing) => {
    const store = new SimulatedStore({ syncFlushTimeout: 5000 });
    store.disk.holdsSyncs = true;
    const sent = store.put();
    if (isFlushing) await settle();
    store.clock.pass(6000);
    // Timers run before what has ended is heard.
    await store.clock.advance(10);
    store.disk.releaseSyncs();
    expect((await sent).status).toBe('PUT_OK');
  });

  it('does not take those behind a late flush for late because the event loop was blocked', async () => {
    const store = new SimulatedStore({ syncFlushTimeout: 5000 });
    store.disk.holdsSyncs = true;
    const late = store.put();
    await store.clock.advance(5000);
    expect((await late).status).toBe('FLUSH_DISK_TIMEOUT');
    const sent = store.put();
    await settle();
    store.clock.pass(6000);
    await store.clock.advance(10);
    store.disk.releaseSyncs();
    expect((await sent).status).toBe('PUT_OK');
  });

  it.each([3_600_000, -3_600_000])(
    'answers neither sooner nor later when the clock is set by %i ms meanwhile',
    async (millis) => {
      const store = new SimulatedStore({ syncFlushTimeout: 5000 });
      store.disk.holdsSyncs = true;
      const answered: string[] = [];
      const send = () => void put(store.store, store.message()).then(({ status }) => answered.push(status));
      send();
      store.clock.set(store.clock.now() + millis);
      await store.clock.advance(3000);
      send();
      await store.clock.advance(1999);
      expect(answered).toEqual([]);
      await store.clock.advance(3001);
      expect(answered).toEqual(['FLUSH_DISK_TIMEOUT', 'FLUSH_DISK_TIMEOUT']);
      store.disk.releaseSyncs();
      await settle();
    },
  );

  it('counts how long it took by what has passed, however the clock was set meanwhile', async () => {
    const store = new SimulatedStore();
    store.disk.holdsSyncs = true;
    const sent = store.put();
    await store.clock.advance(20);
    store.clock.set(store.clock.now() + 3_600_000);
    store.disk.releaseSyncs();
    await sent;
    expect(new Map(store.store.runtimeInfo()).get('putMessageEntireTimeMax')).toBe('20');
  });

  it('is followed by a checkpoint when the clock was set back, too', async () => {
    const store = new SimulatedStore();
    await store.send(1);
    await store.checkpoint();
    store.clock.set(store.clock.now() - 24 * 3_600_000);
    const before = store.operations('sync', '/checkpoint');
    await store.send(1);
    await store.checkpoint();
    expect(store.operations('sync', '/checkpoint')).toBe(before + 1);
  });

  it('has brought to the disk what syncLog reports, whoever was answered before that', async () => {
    const store = new SimulatedStore({ syncFlushTimeout: 5000 });
    store.disk.holdsSyncs = true;
    await Promise.all([put(store.store, store.message(IMPATIENT)), settle()]);
    const synced: unknown[] = [];
    store.store.syncLog((error) => synced.push(error));
    await settle();
    await put(store.store, store.message(IMPATIENT));
    store.store.syncLog((error) => synced.push(error));
    const late = put(store.store, store.message());
    await store.clock.advance(5000);
    expect(await late).toMatchObject({ status: 'FLUSH_DISK_TIMEOUT' });
    expect(synced).toEqual([]);
    store.disk.releaseSyncs();
    store.disk.holdsSyncs = true;
    await settle();
    expect(synced).toEqual([null]);
    store.disk.releaseSyncs();
    await settle();
    expect(synced).toEqual([null, null]);
  });

  it('does not make a message wait that asks not to (WAIT=false)', async () => {
    const store = new SimulatedStore();
    store.disk.holdsSyncs = true;
    const answered: string[] = [];
    void store.put().then(() => answered.push('waits'));
    void store.put(IMPATIENT).then(() => answered.push('does not wait'));
    await settle();
    expect(answered).toEqual(['does not wait']);
    store.disk.releaseSyncs();
    await settle();
    expect(answered).toEqual(['does not wait', 'waits']);
  });
});

describe('SYNC_FLUSH with senders that send again when they are answered', () => {
  const ROUNDS = 12;

  /**
   * Flushes of all rounds, and milliseconds in which nobody was answered because of them; an answer with what the answered does,
   * and a flush, take so many.
   */
  async function roundsOf(senderCount: number, answerMillis: number, flushMillis: number) {
    const store = new SimulatedStore({ mappedFileSizeCommitLog: 16 * 1024 * 1024 });
    let now = 0;
    store.clock.monotonicNow = () => now;
    store.disk.holdsSyncs = true;
    const syncs = logSyncs(store);
    const sender = async () => {
      for (let round = 0; round < ROUNDS; round++) {
        await put(store.store, store.message());
        now += answerMillis;
      }
    };
    let isOver = false;
    const senders = Promise.all(Array.from({ length: senderCount }, sender)).then(() => (isOver = true));
    for (let begunAt = 0, before = 0; !isOver; before = now) {
      await settle(1);
      if (store.disk.heldSyncCount === 0) begunAt = now;
      // A flush ends in its time; when nobody does anything meanwhile, that is now.
      else if (now === before || now >= begunAt + flushMillis) {
        now = Math.max(now, begunAt + flushMillis);
        store.disk.releaseSyncs();
        store.disk.holdsSyncs = true;
        begunAt = now;
      }
    }
    await senders;
    return { flushes: logSyncs(store) - syncs, waits: now - senderCount * ROUNDS * answerMillis };
  }

  it('flushes once for all of them on a disk that takes longer than their answers', async () => {
    // One more for what had to wait for zeros.
    const { flushes } = await roundsOf(1000, 0.001, 5);
    expect(flushes).toBeLessThanOrEqual(ROUNDS + 1);
  });

  it.each([128, 1000])(
    'flushes what some of %s have sent while the others are answered on a disk that is quicker',
    async (senderCount) => {
      const { waits } = await roundsOf(senderCount, 0.005, 0.3);
      // The first flush has nothing to hide behind, and that one is over is seen between two turns.
      expect(waits).toBeLessThan(0.5 * ROUNDS * 0.3);
    },
  );

  it('flushes once for a few, whose answers take no time beside a flush', async () => {
    const { flushes } = await roundsOf(32, 0.01, 0.3);
    expect(flushes).toBeLessThanOrEqual(ROUNDS + 1);
  });
});

describe('ASYNC_FLUSH', () => {
  it('answers when the kernel has the bytes, and flushes flushIntervalCommitLog later', async () => {
    const store = new SimulatedStore({ flushDiskType: 'ASYNC_FLUSH', flushIntervalCommitLog: 500 });
    await store.send(20);
    expect(logSyncs(store)).toBe(0);
    await store.clock.advance(499);
    expect(logSyncs(store)).toBe(0);
    await store.clock.advance(1);
    expect(logSyncs(store)).toBe(1);
  });

  it('leaves the disk alone when nothing is sent', async () => {
    const store = new SimulatedStore({ flushDiskType: 'ASYNC_FLUSH' });
    await store.send(1);
    await store.clock.advance(60_000);
    const operations = store.disk.journal.length;
    await store.clock.advance(3_600_000);
    expect(store.disk.journal).toHaveLength(operations);
  });

  it('loses nothing to a kill, and to a power cut at most what was not flushed', async () => {
    const killed = new SimulatedStore({ flushDiskType: 'ASYNC_FLUSH' });
    await killed.send(50);
    killed.kill();
    killed.open();
    expect(await killed.ids()).toEqual(idsOf(killed.stored));

    const cut = new SimulatedStore({ flushDiskType: 'ASYNC_FLUSH' });
    await cut.send(30);
    await cut.clock.advance(500);
    await cut.send(10);
    cut.crash();
    cut.open();
    const kept = idsOf(cut.stored).slice(0, 30);
    expect((await cut.ids()).slice(0, 30)).toEqual(kept);
  });

  it('flushes every file that was written, also those before the current one', async () => {
    const store = new SimulatedStore({ flushDiskType: 'ASYNC_FLUSH' });
    await store.send(90);
    await store.clock.advance(500);
    store.crash();
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });
});

describe('closing', () => {
  it.each(['SYNC_FLUSH', 'ASYNC_FLUSH'] as const)(
    'answers what was sent, and flushes it (%s)',
    async (flushDiskType) => {
      const store = new SimulatedStore({ flushDiskType });
      const sends = Array.from({ length: 30 }, () => store.put());
      await store.close();
      expect((await Promise.all(sends)).every(({ status }) => status === 'PUT_OK')).toBe(true);
      store.crash();
      store.open();
      expect(await store.ids()).toEqual(idsOf(store.stored));
      expect(store.stored).toHaveLength(30);
    },
  );

  it('shares its last flush with a checkpoint that comes meanwhile (ASYNC_FLUSH)', async () => {
    const store = new SimulatedStore({ flushDiskType: 'ASYNC_FLUSH' });
    await store.send(1);
    store.disk.holdsSyncs = true;
    const closing = store.close();
    await settle();
    expect(store.disk.heldSyncCount).toBe(1);
    let isSynced = false;
    store.store.syncLog(() => (isSynced = true));
    await settle();
    expect(isSynced).toBe(false);
    store.disk.releaseSyncs();
    await closing;
    expect(isSynced).toBe(true);
  });

  it('refuses what is sent from then on, and can be asked for twice', async () => {
    const store = new SimulatedStore();
    await store.send(1);
    const closing = [store.store.close(), store.store.close()];
    expect((await store.put()).status).toBe('SERVICE_NOT_AVAILABLE');
    expect(store.store.writeRefusal).toBe('the message store is shut down');
    await Promise.all(closing);
  });
});
