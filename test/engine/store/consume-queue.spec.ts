import { describe, expect, it } from 'vitest';
import { settle } from '../../support/virtual-clock.js';
import { idsOf, SimulatedStore, type StoredMessage } from '../../support/simulated-store.js';

const UNITS_PER_FILE = 25;
const BLANK = '0000000000000000' + '7fffffff' + '0000000000000000';

/** A store whose first two commit-log files have expired, with the first message that is left. */
async function expiredStore(): Promise<{ store: SimulatedStore; first: StoredMessage }> {
  const everyHour = Array.from({ length: 24 }, (_, hour) => hour).join(';');
  const store = new SimulatedStore({ deleteWhen: everyHour, fileReservedTime: 0 });
  await store.send(90);
  await store.clock.advance(60_000);
  await store.checkpoint();
  const first = store.stored.find(({ commitLogOffset }) => commitLogOffset >= 2 * 16_384)!;
  expect(store.store.getMinOffsetInQueue('TopicA', 0)).toBe(first.queueOffset);
  return { store, first };
}

const fileName = (unit: number) => String(unit * 20).padStart(20, '0');

describe('a ConsumeQueue', () => {
  it('is written every second when it has gathered many entries, and with the checkpoint in any case', async () => {
    const store = new SimulatedStore();
    const files = () => [0, 1].map((queueId) => store.files(`consumequeue/TopicA/${queueId}`).length);
    await store.send(1);
    // The first checkpoint.
    await store.clock.advance(1000);
    await settle(20);
    expect(files()).toEqual([1, 0]);
    await store.send(4 * UNITS_PER_FILE);
    await store.send(3, { queueId: 1 });
    await store.clock.advance(1000);
    expect(files()).toEqual([5, 0]);
    await store.checkpoint();
    expect(files()).toEqual([5, 1]);
    expect(await store.ids('TopicA', 1)).toEqual(idsOf(store.stored.slice(101)));
  });

  it('of which there are many is whole after every end', async () => {
    const store = new SimulatedStore();
    for (let queueId = 0; queueId < 100; queueId++) await store.send(2, { queueId });
    await store.checkpoint();
    for (let queueId = 0; queueId < 100; queueId++) await store.send(1, { queueId });
    store.kill();
    store.open();
    for (let queueId = 0; queueId < 100; queueId++) {
      const sent = store.stored.filter((message) => message.queueId === queueId);
      expect(await store.ids('TopicA', queueId)).toEqual(idsOf(sent));
    }
  });

  it.each(['close', 'kill'] as const)(
    'that is rebuilt in the middle of a file is filled up with blanks before its first entry (%s)',
    async (end) => {
      const { store, first } = await expiredStore();
      await store[end]();
      store.disk.delete(store.path('consumequeue'));
      store.open();
      expect(store.store.getMinOffsetInQueue('TopicA', 0)).toBe(first.queueOffset);
      expect(await store.ids()).toEqual(idsOf(store.stored.slice(first.queueOffset)));
      await store.close();
      const start = first.queueOffset - (first.queueOffset % UNITS_PER_FILE);
      expect(start).toBeLessThan(first.queueOffset);
      expect(store.files('consumequeue/TopicA/0')[0]).toBe(fileName(start));
      const units = store.content(`consumequeue/TopicA/0/${fileName(start)}`);
      for (let unit = start; unit < first.queueOffset; unit++)
        expect(units.toString('hex', (unit - start) * 20, (unit - start + 1) * 20)).toBe(BLANK);
      expect(Number(units.readBigInt64BE((first.queueOffset - start) * 20))).toBe(first.commitLogOffset);
      store.open();
      expect(store.store.getMinOffsetInQueue('TopicA', 0)).toBe(first.queueOffset);
      expect(await store.ids()).toEqual(idsOf(store.stored.slice(first.queueOffset)));
    },
  );

  it('keeps its order and offsets while it grows in memory and is written behind', async () => {
    const store = new SimulatedStore();
    for (let round = 0; round < 8; round++) {
      await store.send(round * 9);
      if (round % 2 === 0) await store.clock.advance(1000);
      const read = await store.read();
      expect(read.map(({ queueOffset }) => queueOffset)).toEqual(read.map((_, i) => i));
      expect(read.map(({ msgId }) => msgId)).toEqual(idsOf(store.stored));
    }
  });

  it('is written a little later, and without an entry that leads to what is not on the disk', async () => {
    const store = new SimulatedStore();
    await store.send(30);
    expect(store.files('consumequeue')).toEqual([]);
    await store.clock.advance(1000);
    expect(store.files('consumequeue/TopicA/0')).toEqual([fileName(0), fileName(UNITS_PER_FILE)]);
    store.crash(() => true);
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });

  it('frees the memory of queues that are idle, and reads them from their files', async () => {
    const store = new SimulatedStore();
    await store.send(60);
    await store.clock.advance(5000);
    store.disk.journal.length = 0;
    expect(await store.ids()).toEqual(idsOf(store.stored));
    await store.send(1);
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });

  it('is cut where the log was cut, and filled again from there', async () => {
    const store = new SimulatedStore();
    await store.send(60);
    await store.checkpoint();
    store.kill();
    const cut = store.stored[50]!;
    const logEnd = 2 * 16_384;
    for (let offset = cut.commitLogOffset; offset < logEnd;) {
      const end = Math.min(logEnd, offset - (offset % 16_384) + 16_384);
      store.damageLog(offset, Buffer.alloc(end - offset));
      offset = end;
    }
    store.disk.delete(store.path('config'));
    store.disk.damage(store.path('checkpoint'), 0, Buffer.alloc(4096));
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored.slice(0, 50)));
    const [next] = await store.send(1);
    expect(next!.commitLogOffset).toBe(cut.commitLogOffset);
  });

  it('that is cut keeps nothing behind a hole, where its end would be looked for later', async () => {
    const store = new SimulatedStore({ mappedFileSizeConsumeQueue: 10_000 * 20 });
    await store.send(60);
    await store.checkpoint();
    store.kill();
    // A page of entries that reached the disk, unlike those before them and their records.
    const path = store.path(`consumequeue/TopicA/0/${fileName(0)}`);
    store.disk.damage(path, 2000 * 20, Buffer.alloc(100 * 20, store.disk.content(path).subarray(0, 20)));
    store.open();
    await store.send(1000);
    await store.close();
    store.open();
    expect(store.store.getMaxOffsetInQueue('TopicA', 0)).toBe(1060);
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });
});
