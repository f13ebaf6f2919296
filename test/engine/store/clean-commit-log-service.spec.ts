import { describe, expect, it } from 'vitest';
import type { MessageStoreConfig } from '../../../lib/engine/store/message-store-config.js';
import { idsOf, SimulatedStore } from '../../support/simulated-store.js';
import { get } from '../../support/test-store.js';
import { HOUR, MINUTE, settle } from '../../support/virtual-clock.js';

const FIRST = '00000000000000000000';
const SECOND = '00000000000000016384';
const THIRD = '00000000000000032768';

const EVERY_HOUR = Array.from({ length: 24 }, (_, hour) => hour).join(';');

/** The next time at which this hour begins on the clock of this machine. */
function millisUntilHour(now: number, hour: number): number {
  const next = new Date(now);
  next.setHours(hour, 0, 0, 0);
  return (next.getTime() <= now ? next.getTime() + 24 * HOUR : next.getTime()) - now;
}

/** A store with two full files and a third that is written to; it is a little after five in the morning. */
async function threeFiles(config: Partial<MessageStoreConfig> = {}): Promise<SimulatedStore> {
  const store = new SimulatedStore({ deleteWhen: '04', fileReservedTime: 72, ...config });
  await store.clock.advance(millisUntilHour(store.clock.now(), 5));
  await store.close();
  store.open();
  await store.send(90);
  await store.clock.advance(1500);
  expect(store.files('commitlog').slice(0, 3)).toEqual([FIRST, SECOND, THIRD]);
  return store;
}

const files = (store: SimulatedStore) => store.files('commitlog');
const sizeOnDisk = (store: SimulatedStore) => store.disk.used;

describe('expiry', () => {
  it('deletes a file in the hour of deleteWhen, once it was not written for fileReservedTime', async () => {
    const store = await threeFiles();
    await store.clock.advance(millisUntilHour(store.clock.now(), 4) + 60_000);
    expect(files(store), 'not yet expired').toContain(FIRST);
    await store.clock.advance(72 * HOUR);
    expect(files(store)).not.toContain(FIRST);
    expect(store.logger.lines.join('\n')).toContain(
      `LOG Deleted ${store.path('commitlog')}/${FIRST}, which has expired`,
    );
  });

  it('deletes nothing at another hour', async () => {
    const store = await threeFiles();
    await store.clock.advance(2 * 24 * HOUR + 23.5 * HOUR);
    expect(files(store), 'it had not expired at four').toContain(FIRST);
    await store.clock.advance(23 * HOUR);
    expect(files(store), 'it has now, but it is half past three').toContain(FIRST);
    await store.clock.advance(2 * HOUR);
    expect(files(store)).not.toContain(FIRST);
  });

  it('takes a file of the future for no younger than those behind it', async () => {
    const store = new SimulatedStore({ deleteWhen: EVERY_HOUR, fileReservedTime: 1 });
    const start = store.clock.now();
    store.clock.set(start + 10_000 * HOUR);
    await store.send(45);
    store.clock.set(start);
    await store.send(45);
    await store.clock.advance(HOUR - MINUTE);
    expect(files(store)[0]).toBe(FIRST);
    await store.clock.advance(2 * MINUTE);
    expect(files(store)[0]).toBe(THIRD);
  });

  it('takes no file for as old as one behind it, which was written while the clock was behind', async () => {
    const store = new SimulatedStore({ deleteWhen: EVERY_HOUR, fileReservedTime: 1 });
    const start = store.clock.now();
    await store.send(45);
    store.clock.set(start - 10_000 * HOUR);
    await store.send(45);
    store.clock.set(start);
    await store.clock.advance(HOUR - MINUTE);
    expect(files(store)[0]).toBe(FIRST);
  });

  it('takes several hours, and keeps the file that is written to whatever its age', async () => {
    const store = await threeFiles({ deleteWhen: '03;15', fileReservedTime: 0 });
    await store.clock.advance(millisUntilHour(store.clock.now(), 15) + 120_000);
    expect(files(store)[0]).toBe(THIRD);
    await store.send(1);
    expect(store.stored.at(-1)!.commitLogOffset).toBeGreaterThanOrEqual(32_768);
  });

  it('begins a minute after the start, and then looks every cleanResourceInterval', async () => {
    const store = await threeFiles({ deleteWhen: EVERY_HOUR, fileReservedTime: 0, deleteFileBatchMax: 1 });
    await store.clock.advance(57_000);
    expect(files(store)[0]).toBe(FIRST);
    await store.clock.advance(10_000);
    expect(files(store)[0]).toBe(SECOND);
    await store.clock.advance(10_000);
    expect(files(store)[0]).toBe(THIRD);
  });

  it('moves the start of queues, and deletes their files and those of the index behind it', async () => {
    const store = await threeFiles({ fileReservedTime: 1 });
    expect(store.files('consumequeue/TopicA/0')).toHaveLength(4);
    await store.clock.advance(millisUntilHour(store.clock.now(), 4) + 60_000);
    const first = store.stored.find(({ commitLogOffset }) => commitLogOffset >= 32_768)!;
    expect(store.store.getMinOffsetInQueue('TopicA', 0)).toBe(first.queueOffset);
    expect(await store.ids()).toEqual(idsOf(store.stored.slice(first.queueOffset)));
    expect(await get(store.store, 'TopicA', 0, 0)).toMatchObject({
      status: 'OFFSET_TOO_SMALL',
      nextBeginOffset: first.queueOffset,
    });
    const firstQueueFile = Math.floor(first.queueOffset / 25) * 25 * 20;
    expect(Number(store.files('consumequeue/TopicA/0')[0])).toBe(firstQueueFile);
    expect(firstQueueFile).toBeGreaterThan(0);
    expect(store.files('index').length).toBeLessThan(4);
    expect(store.idsOfKey('m1')).toEqual([]);
    expect(store.idsOfKey(first.id)).toEqual([first.id]);
    for (const end of ['close', 'kill'] as const) {
      await store[end]();
      store.open();
      expect(await store.ids()).toEqual(idsOf(store.stored.slice(first.queueOffset)));
    }
  });

  it('looks at the first entry only of a queue of which nothing has expired', async () => {
    const store = new SimulatedStore({ deleteWhen: EVERY_HOUR, fileReservedTime: 0, deleteFileBatchMax: 1 });
    await store.send(60, { topic: 'Old' });
    await store.send(60);
    await store.checkpoint();
    const reads = store.countReads('consumequeue/TopicA');
    await store.clock.advance(55_000);
    expect(files(store)[0]).toBe(SECOND);
    expect(reads.count, 'and at its neighbours').toBeLessThanOrEqual(3);
    expect(await store.ids()).toEqual(idsOf(store.stored.slice(60)));
  });

  it('takes turns with other work when there are many queues, and those that wait for it are read right', async () => {
    const store = new SimulatedStore({ deleteWhen: EVERY_HOUR, fileReservedTime: 0 });
    for (let queueId = 0; queueId < 100; queueId++) await store.send(1, { queueId });
    await store.send(60);
    await store.checkpoint();
    const turns: (() => void)[] = [];
    store.clock.setImmediate = (callback) => void turns.push(callback);
    await store.clock.advance(55_000);
    expect(turns).toHaveLength(1);
    const minOffsets = () =>
      [31, 98, 99].map((queueId) => store.store.getMinOffsetInQueue('TopicA', queueId));
    expect(minOffsets()).toEqual([1, 0, 0]);
    const { status, nextBeginOffset } = await get(store.store, 'TopicA', 99, 0);
    expect([status, nextBeginOffset]).toEqual(['MESSAGE_WAS_REMOVING', 1]);
    for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) {
      turn();
      await settle();
    }
    expect(minOffsets()).toEqual([1, 1, 1]);
    expect(store.logger.lines.join('\n')).not.toContain('ERROR');
  });

  it('deletes the files of other queues and of the index when one cannot be deleted, and that one later', async () => {
    const store = new SimulatedStore({ deleteWhen: '04', fileReservedTime: 1 });
    const ofQueue = (topic: string) => store.files(`consumequeue/${topic}/0`);
    await store.send(60, { topic: 'Stuck' });
    await store.send(90);
    store.disk.faults.push({ operation: 'remove', path: /Stuck/, code: 'EIO', times: 1 });
    await store.clock.advance(millisUntilHour(store.clock.now(), 4) + 60_000);
    expect(ofQueue('Stuck')[0]).toBe(FIRST);
    expect(ofQueue('TopicA')[0]).not.toBe(FIRST);
    expect(store.idsOfKey('m1', 'Stuck')).toEqual([]);
    expect(store.files('index').length).toBeLessThan(4);
    expect(store.logger.lines.join('\n')).toContain(
      'ERROR A file of ConsumeQueue Stuck/0, which has expired, cannot be deleted: Error: EIO',
    );
    await store.send(40);
    await store.clock.advance(24 * HOUR);
    expect(ofQueue('Stuck')).toEqual(['00000000000000001000']);
  });

  it('deletes a file of the index later that could not be deleted', async () => {
    const store = new SimulatedStore({ deleteWhen: '04', fileReservedTime: 1 });
    await store.send(150);
    await store.checkpoint();
    const [oldest] = store.files('index');
    store.disk.faults.push({ operation: 'remove', path: /\/index\//, code: 'EIO', times: 1 });
    await store.clock.advance(millisUntilHour(store.clock.now(), 4) + 60_000);
    expect(store.files('index')[0]).toBe(oldest);
    await store.send(40);
    await store.clock.advance(24 * HOUR);
    expect(store.files('index')).not.toContain(oldest);
  });

  it('ends what is known of a deleted topic', async () => {
    const store = new SimulatedStore({ deleteWhen: EVERY_HOUR, fileReservedTime: 0 });
    await store.send(10, { topic: 'Doomed' });
    await store.store.deleteTopic('Doomed');
    await store.send(60);
    expect(store.store.wasDeleted('Doomed')).toBe(true);
    await store.clock.advance(2 * MINUTE);
    expect(files(store)[0]).not.toBe(FIRST);
    expect(store.store.wasDeleted('Doomed')).toBe(false);
  });

  it('of every message of a queue leaves its offsets as they were', async () => {
    const store = new SimulatedStore({ fileReservedTime: 1 });
    await store.send(10, { topic: 'Old' });
    await store.send(80);
    await store.clock.advance(millisUntilHour(store.clock.now(), 4) + 60_000);
    expect(store.store.getMinOffsetInQueue('Old', 0)).toBe(10);
    expect(store.store.getOffsetInQueueByTime('Old', 0, 1)).toBe(10);
    await store.close();
    store.open();
    expect(store.store.getMaxOffsetInQueue('Old', 0)).toBe(10);
    const [next] = await store.send(1, { topic: 'Old' });
    expect(next!.queueOffset).toBe(10);
    expect(await store.ids('Old')).toEqual([next!.id]);
  });
});

describe('the use of the disk', () => {
  it('above diskMaxUsedSpaceRatio deletes what has expired at any hour', async () => {
    const store = await threeFiles({ fileReservedTime: 10 });
    await store.clock.advance(11 * HOUR);
    expect(files(store)).toContain(FIRST);
    store.disk.capacity = Math.floor(sizeOnDisk(store) / 0.76);
    await store.clock.advance(10_000);
    expect(files(store)[0]).toBe(THIRD);
  });

  it('keeps what has not expired below diskSpaceCleanForciblyRatio, and deletes it above', async () => {
    const store = await threeFiles({ cleanFileForciblyEnable: true });
    await store.checkpoint();
    store.disk.capacity = Math.floor(sizeOnDisk(store) / 0.84);
    await store.clock.advance(HOUR);
    expect(files(store)[0]).toBe(FIRST);
    store.disk.capacity = Math.floor(sizeOnDisk(store) / 0.86);
    await store.clock.advance(10_000);
    expect(files(store)[0]).toBe(THIRD);
    expect(store.logger.lines.join('\n')).toContain(
      `LOG Deleted ${store.path('commitlog')}/${FIRST} to free disk space`,
    );
  });

  it.each([
    { cleanFileForciblyEnable: true },
    { diskMaxUsedSpaceRatio: 95, diskSpaceCleanForciblyRatio: 95, fileReservedTime: 0 },
  ])('makes room as soon as sends are refused: %o', async (config) => {
    const store = await threeFiles({ ...config, diskSpaceWarningLevelRatio: 80 });
    await store.checkpoint();
    await store.clock.advance(HOUR);
    expect(files(store)[0]).toBe(FIRST);
    store.disk.capacity = Math.floor(sizeOnDisk(store) / 0.82);
    await store.clock.advance(10_000);
    expect(files(store)[0]).toBe(THIRD);
  });

  it('is looked at also when the clock was set back', async () => {
    const store = new SimulatedStore({ cleanFileForciblyEnable: true });
    await store.send(90);
    await store.checkpoint();
    store.clock.set(store.clock.now() - 24 * HOUR);
    store.disk.capacity = Math.floor(sizeOnDisk(store) / 0.86);
    await store.clock.advance(HOUR);
    expect(files(store)[0]).toBe(THIRD);
  });

  it('deletes nothing by age for six hours after the clock was set ahead, but what a full disk needs', async () => {
    const store = await threeFiles({ cleanFileForciblyEnable: true });
    await store.clock.advance(MINUTE);
    store.disk.capacity = Math.floor(sizeOnDisk(store) / 0.8);
    store.clock.set(store.clock.now() + 100 * HOUR);
    await store.clock.advance(6 * HOUR - MINUTE);
    expect(files(store)[0]).toBe(FIRST);
    const warnings = store.logger.lines.filter((line) =>
      line.startsWith('WARN The clock went ahead by 100.0'),
    );
    expect(warnings).toHaveLength(1);
    store.disk.capacity = Math.floor(sizeOnDisk(store) / 0.86);
    await store.clock.advance(10_000);
    expect(files(store)[0]).toBe(THIRD);
  });

  it('deletes by age again after that', async () => {
    const store = await threeFiles();
    await store.clock.advance(MINUTE);
    store.disk.capacity = Math.floor(sizeOnDisk(store) / 0.8);
    store.clock.set(store.clock.now() + 100 * HOUR);
    await store.clock.advance(6 * HOUR + MINUTE);
    expect(files(store)[0]).toBe(THIRD);
  });

  it('deletes nothing that has not expired with cleanFileForciblyEnable off', async () => {
    const store = await threeFiles({ cleanFileForciblyEnable: false });
    store.disk.capacity = Math.floor(sizeOnDisk(store) / 0.99);
    await store.clock.advance(HOUR);
    expect(files(store)[0]).toBe(FIRST);
  });

  it('that is not known stops nothing', async () => {
    const store = await threeFiles({ fileReservedTime: 0 });
    store.disk.faults.push({ operation: 'remove', path: /commitlog/, code: 'EIO', times: 1 });
    await store.clock.advance(millisUntilHour(store.clock.now(), 4) + 30_000);
    expect(store.logger.lines.join('\n')).toContain(
      'ERROR Looking for expired commit-log files failed: Error: EIO',
    );
    expect(files(store)[0], 'the next look deletes it').toBe(THIRD);
    expect((await store.put()).status).toBe('PUT_OK');
  });
});
