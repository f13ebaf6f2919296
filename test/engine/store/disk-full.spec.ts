import { describe, expect, it } from 'vitest';
import type { DiskFault } from '../../support/simulated-file-system.js';
import { expectAcknowledgedOnly, idsOf, SimulatedStore } from '../../support/simulated-store.js';
import { put } from '../../support/test-store.js';

const LOG = /commitlog/;
const QUEUES = /consumequeue/;
const MIB = 1024 * 1024;

/** A store that needs its second log file soon, which cannot be created. */
async function openWithoutNextFile(code: DiskFault['code']): Promise<SimulatedStore> {
  const store = new SimulatedStore();
  await store.send(30);
  store.disk.delete(store.path('commitlog/00000000000000016384'));
  store.kill();
  store.open();
  store.disk.faults.push({ operation: 'create', path: LOG, code });
  return store;
}

describe('a full disk', () => {
  it('that has room for what is tried and not for what is sent fills no log', async () => {
    const store = new SimulatedStore({
      flushDiskType: 'ASYNC_FLUSH',
      messageIndexEnable: false,
      mappedFileSizeCommitLog: 1024 * 1024,
    });
    await store.send(1);
    await store.clock.advance(20_000);
    store.disk.capacity = store.disk.used + 100_000;
    const large = () => put(store.store, store.message({ body: Buffer.alloc(200_000, 1) }));
    for (let i = 0; i < 60; i++) {
      expect((await large()).status).not.toBe('PUT_OK');
      await store.clock.advance(1000);
    }
    const { length } = store.logger.lines.filter((line) => line.includes('room'));
    expect(length).toBeGreaterThan(2);
    expect(length).toBeLessThan(16);
  });

  it('refuses sends, goes on reading, and takes them again by itself when there is room', async () => {
    const store = new SimulatedStore();
    await store.send(10);
    store.disk.capacity = store.disk.used + 8192;
    let last = await store.put();
    for (let i = 0; i < 100 && last.status === 'PUT_OK'; i++) last = await store.put();
    expect(last.status).toBe('SERVICE_NOT_AVAILABLE');
    expect(store.store.writeRefusal).toBe('the disk is full; sending resumes as soon as there is room');
    expect(store.logger.lines.join('\n')).toContain('the disk of the commit log is full');
    await store.clock.advance(5000);
    expect((await store.put()).status).toBe('SERVICE_NOT_AVAILABLE');
    expect(await store.ids()).toEqual(idsOf(store.stored));
    store.disk.capacity = Infinity;
    await store.clock.advance(1000);
    await store.send(40);
    expect(store.logger.lines.join('\n')).toContain('The disk has room again: sending resumes');
    await expectAcknowledgedOnly(store);
  });

  it.each<[string, (store: SimulatedStore) => Promise<void>]>([
    ['is closed', (store) => store.store.close()],
    [
      'has failed',
      (store) => {
        store.failNext({ operation: 'sync', path: LOG, code: 'EIO' });
        return store.clock.advance(500);
      },
    ],
  ])('is not tried again by a store that %s', async (_, end) => {
    const store = new SimulatedStore({ flushDiskType: 'ASYNC_FLUSH' });
    await store.send(10);
    store.disk.capacity = store.disk.used;
    while ((await store.put()).status === 'PUT_OK');
    await end(store);
    store.disk.capacity = Infinity;
    await store.clock.advance(1000);
    store.disk.journal.length = 0;
    expect((await store.put()).status).toBe('SERVICE_NOT_AVAILABLE');
    expect(store.operations('write', 'commitlog')).toBe(0);
  });

  it('leaves nothing of a record that only fitted in part', async () => {
    const store = new SimulatedStore({ flushDiskType: 'ASYNC_FLUSH' });
    const [first] = await store.send(1);
    store.disk.capacity = store.disk.used + 4096;
    const refused = await put(store.store, store.message({ body: Buffer.alloc(8000, 1) }));
    expect(refused.status).toBe('SERVICE_NOT_AVAILABLE');
    const log = store.content('commitlog/00000000000000000000');
    expect(log.subarray(first!.size).every((byte) => byte === 0)).toBe(true);
    store.disk.capacity = Infinity;
    await store.clock.advance(2000);
    const [next] = await store.send(1);
    expect(next!.commitLogOffset).toBe(first!.size);
    expect(next!.queueOffset).toBe(1);
    await store.close();
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });

  it('that allows no further file is refused with a status of its own, and tried again', async () => {
    const store = await openWithoutNextFile('ENOSPC');
    let status = 'PUT_OK';
    while (status === 'PUT_OK') ({ status } = await store.put());
    expect(status).toBe('CREATE_MAPPED_FILE_FAILED');
    expect(store.logger.lines.join('\n')).toContain(
      'The next commit-log file cannot be created: Error: ENOSPC',
    );
    store.disk.faults.length = 0;
    await store.clock.advance(1000);
    await store.send(40);
    await expectAcknowledgedOnly(store);
  });

  it('or a limit that allows no further file is in the log every ten seconds, however many sends it refuses', async () => {
    const store = await openWithoutNextFile('EMFILE');
    for (let i = 0; i < 60; i++) await store.put();
    await store.clock.advance(10_000);
    expect((await store.put()).status).toBe('CREATE_MAPPED_FILE_FAILED');
    const lines = store.logger.lines.filter((line) => line.includes('cannot be created'));
    expect(lines).toHaveLength(2);
  });

  it('above diskSpaceWarningLevelRatio refuses sends until it is below', async () => {
    const store = new SimulatedStore({ diskSpaceWarningLevelRatio: 90 });
    await store.send(20);
    store.disk.capacity = Math.floor(store.disk.used / 0.95);
    await store.clock.advance(11_000);
    expect((await store.put()).status).toBe('SERVICE_NOT_AVAILABLE');
    expect(store.store.writeRefusal).toBe('the disk is used above diskSpaceWarningLevelRatio');
    expect(store.logger.lines.join('\n')).toMatch(
      /ERROR .* is used to 9\d\.\d %, above diskSpaceWarningLevelRatio 90/,
    );
    expect(await store.ids()).toEqual(idsOf(store.stored));
    store.disk.capacity = 2 * store.disk.used;
    await store.clock.advance(10_000);
    await store.send(1);
    expect(store.logger.lines.at(-1)).toBe('LOG The disk has room again: sending resumes');
  });

  it.each([
    ['has room for a write, but is used above the ratio', 0.93],
    ['is below the ratio, but was not tried yet', 0.5],
  ])('that %s, is not said to have sending resume', async (_, ratio) => {
    // Fills in no zeros, which would be room.
    const config = { mappedFileSizeCommitLog: MIB, flushDiskType: 'ASYNC_FLUSH' } as const;
    const store = new SimulatedStore({ ...config, diskSpaceWarningLevelRatio: 90 });
    await store.send(500);
    await store.checkpoint();
    store.disk.capacity = store.disk.used;
    while ((await store.put()).status === 'PUT_OK');
    await store.clock.advance(11_000);
    const { used } = store.disk;
    const resumes = () => store.logger.lines.filter((line) => line.includes('sending resumes'));
    store.disk.capacity = Math.ceil(used / ratio);
    const isAbove = ratio > 0.9;
    if (isAbove) {
      expect((await store.put()).status).toBe('SERVICE_NOT_AVAILABLE');
      expect(store.store.writeRefusal).toBe('the disk is used above diskSpaceWarningLevelRatio');
    }
    await store.clock.advance(10_000);
    expect(resumes()).toEqual([]);
    store.disk.capacity = 10 * MIB;
    if (isAbove) await store.clock.advance(10_000);
    await store.send(1);
    expect(resumes()).toEqual(['LOG The disk has room again: sending resumes']);
  });

  it('under ConsumeQueues refuses sends until they are written, and loses no entry', async () => {
    const store = new SimulatedStore();
    store.disk.faults.push({ operation: 'write', path: QUEUES, code: 'ENOSPC' });
    await store.send(10);
    await store.clock.advance(1000);
    expect((await store.put()).status).toBe('SERVICE_NOT_AVAILABLE');
    expect(store.store.writeRefusal).toContain('a ConsumeQueue or the index cannot be written');
    expect(await store.ids()).toEqual(idsOf(store.stored));
    await store.clock.advance(15_000);
    expect(store.logger.lines.filter((line) => line.startsWith('ERROR Sending is refused'))).toHaveLength(2);
    store.disk.faults.length = 0;
    await store.clock.advance(1000);
    expect(store.logger.lines.at(-1)).toBe('LOG ConsumeQueues and index are written again: sending resumes');
    await store.send(10);
    await store.checkpoint();
    await expectAcknowledgedOnly(store);
  });
});
