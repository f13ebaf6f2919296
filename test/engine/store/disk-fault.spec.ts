import { describe, expect, it } from 'vitest';
import type { DiskFault } from '../../support/simulated-file-system.js';
import { idsOf, SimulatedStore } from '../../support/simulated-store.js';
import { put } from '../../support/test-store.js';

const LOG = /commitlog/;
const QUEUES = /consumequeue/;
const MIB = 1024 * 1024;

function failNext(store: SimulatedStore, fault: DiskFault): void {
  store.disk.faults.push({ times: 1, ...fault });
}

/** What was acknowledged can be read, also after a power cut and a restart; nothing else can. */
async function expectAcknowledgedOnly(store: SimulatedStore): Promise<void> {
  expect(await store.ids()).toEqual(idsOf(store.stored));
  store.disk.faults.length = 0;
  store.crash();
  store.open();
  expect(await store.ids()).toEqual(idsOf(store.stored));
}

describe.each([
  ['write', 'The commit log could not be written'],
  ['sync', 'The commit log could not be flushed'],
] as const)('a failed %s of the commit log', (operation, text) => {
  it('fails the whole batch, and no send succeeds until the store is opened again', async () => {
    const store = new SimulatedStore();
    await store.send(5);
    failNext(store, { operation, path: LOG, code: 'EIO' });
    const failed = await Promise.all([store.put(), store.put(), store.put()]);
    expect(failed.map(({ status }) => status)).toEqual(Array(3).fill('SERVICE_NOT_AVAILABLE'));
    expect(store.store.writeRefusal).toContain(text);
    expect(store.store.writeRefusal).toContain('The store is read-only until it is opened again');
    expect(store.logger.lines.join('\n')).toContain(`ERROR ${text} (EIO`);
    for (let i = 0; i < 3; i++) {
      expect((await store.put()).status).toBe('SERVICE_NOT_AVAILABLE');
      await store.clock.advance(20_000);
    }
    expect(store.arrived.length).toBe(5);
    await expectAcknowledgedOnly(store);
    await store.send(5);
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });

  it('leaves `abort`, so that the next start checks the log', async () => {
    const store = new SimulatedStore();
    await store.send(5);
    failNext(store, { operation, path: LOG, code: 'EIO' });
    await store.put();
    await store.close();
    expect(store.content('abort').toString()).toBe(String(process.pid));
    store.open();
    expect(store.logger.lines.join('\n')).toContain('Checking the commit log');
    expect((await store.ids()).slice(0, 5)).toEqual(idsOf(store.stored));
  });
});

describe('a failed flush', () => {
  it('fails those who wait for the next one, too', async () => {
    const store = new SimulatedStore();
    store.disk.holdsSyncs = true;
    const first = store.put();
    await store.clock.advance(0);
    const second = store.put();
    await store.clock.advance(0);
    failNext(store, { operation: 'sync', path: LOG, code: 'EIO' });
    const third = store.put();
    store.disk.releaseSyncs();
    expect((await first).status).toBe('PUT_OK');
    expect([(await second).status, (await third).status]).toEqual(Array(2).fill('SERVICE_NOT_AVAILABLE'));
    await expectAcknowledgedOnly(store);
  });

  it('ends sending with ASYNC_FLUSH as well, after what the kernel had was acknowledged', async () => {
    const store = new SimulatedStore({ flushDiskType: 'ASYNC_FLUSH' });
    failNext(store, { operation: 'sync', path: LOG, code: 'EIO' });
    await store.send(5);
    await store.clock.advance(500);
    expect((await store.put()).status).toBe('SERVICE_NOT_AVAILABLE');
    expect(store.store.writeRefusal).toContain('The commit log could not be flushed');
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });

  it('at the end of the store is found by the next start', async () => {
    const store = new SimulatedStore({ flushDiskType: 'ASYNC_FLUSH' });
    await store.send(5);
    failNext(store, { operation: 'sync', path: LOG, code: 'EIO' });
    await store.close();
    expect(store.disk.node(store.path('abort'))).toBeDefined();
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });

  it('is made good for by the next start, although the kernel counts the pages as clean', async () => {
    const store = new SimulatedStore({ flushDiskType: 'ASYNC_FLUSH' });
    failNext(store, { operation: 'sync', path: LOG, code: 'EIO' });
    await store.send(50);
    await store.clock.advance(500);
    store.kill();
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored));
    await store.close();
    store.crash();
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });

  it('of a start is made good for by the one after it', async () => {
    const store = new SimulatedStore({ flushDiskType: 'ASYNC_FLUSH' });
    await store.send(50);
    store.kill();
    store.disk.faults.push({ operation: 'sync', path: LOG, code: 'EIO', times: 1 });
    expect(() => store.open()).toThrow('EIO');
    store.kill();
    store.open();
    await store.close();
    store.crash();
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });

  it('of ConsumeQueues is never followed by a checkpoint', async () => {
    const store = new SimulatedStore();
    await store.send(5);
    failNext(store, { operation: 'sync', path: QUEUES, code: 'EIO' });
    await store.checkpoint();
    await store.send(5);
    await store.checkpoint();
    expect(store.disk.node(store.path('checkpoint'))).toBeUndefined();
    expect(store.logger.lines.join('\n')).toContain('The checkpoint cannot be written: Error: EIO');
    await expectAcknowledgedOnly(store);
  });
});

describe('a directory whose entry cannot be flushed', () => {
  it('is made again by the next send', async () => {
    const store = new SimulatedStore();
    failNext(store, { operation: 'syncDirectory', path: /store$/, code: 'EIO' });
    expect((await store.put()).status).toBe('CREATE_MAPPED_FILE_FAILED');
    await store.send(5);
    store.crash();
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });
});

describe('a full disk', () => {
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
        failNext(store, { operation: 'sync', path: LOG, code: 'EIO' });
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
    const store = new SimulatedStore();
    await store.send(30);
    store.disk.delete(store.path('commitlog/00000000000000016384'));
    store.kill();
    store.open();
    store.disk.faults.push({ operation: 'create', path: LOG, code: 'ENOSPC' });
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
    const store = new SimulatedStore();
    await store.send(30);
    store.disk.delete(store.path('commitlog/00000000000000016384'));
    store.kill();
    store.open();
    store.disk.faults.push({ operation: 'create', path: LOG, code: 'EMFILE' });
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

describe('a sector that cannot be read', () => {
  /** A store of which the second page of the log cannot be read; not open. */
  async function withBadPage(): Promise<{ store: SimulatedStore; lost: string[] }> {
    const store = new SimulatedStore();
    await store.send(60);
    await store.close();
    store.disk.faults.push({ operation: 'read', path: /commitlog\/0{20}/, code: 'EIO', page: 1 });
    const onPage = store.stored.filter(
      ({ commitLogOffset, size }) => commitLogOffset < 8192 && commitLogOffset + size > 4096,
    );
    return { store, lost: idsOf(onPage) };
  }

  it('costs the messages that lie in it, names the file, and hides no others', async () => {
    const { store, lost } = await withBadPage();
    store.open();
    expect(await store.retry(() => store.ids())).toEqual(
      idsOf(store.stored).filter((id) => !lost.includes(id)),
    );
    const path = store.path('commitlog/00000000000000000000');
    expect(store.logger.lines.join('\n')).toContain(
      `ERROR ${path} cannot be read at byte 4096 (4096 bytes): Error: EIO`,
    );
  });

  it('gives its messages back when it can be read at the next start', async () => {
    const { store } = await withBadPage();
    store.open();
    await store.retry(() => store.ids());
    await store.close();
    store.disk.faults.length = 0;
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });

  it('at the end of the log is neither overwritten nor cut after a crash', async () => {
    const store = new SimulatedStore();
    await store.send(20);
    store.kill();
    const lastPage = Math.floor(store.stored.at(-1)!.commitLogOffset / 4096);
    store.disk.faults.push({ operation: 'read', path: /commitlog\/0{20}/, code: 'EIO', page: lastPage });
    store.open();
    expect(store.logger.lines.join('\n')).toContain('Damaged commit log: no record can be read at bytes');
    const readable = await store.retry(() => store.ids());
    expect(readable.length).toBeLessThan(20);
    const after = await store.send(5, { queueId: 1 });
    expect(after[0]!.commitLogOffset).toBe(16_384);
    store.kill();
    store.disk.faults.length = 0;
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored.slice(0, 20)));
    expect(await store.ids('TopicA', 1)).toEqual(idsOf(after));
  });

  it('of a ConsumeQueue is replaced by what the log says', async () => {
    const store = new SimulatedStore();
    await store.send(20);
    await store.close();
    store.disk.faults.push({ operation: 'read', path: QUEUES, code: 'EIO', page: 0 });
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });
});

describe('a disk that fails while the store is opened', () => {
  it.each<[string, DiskFault]>([
    ['create the lock', { operation: 'create', path: /lock/, code: 'EIO' }],
    ['write `abort`', { operation: 'write', path: /abort/, code: 'ENOSPC' }],
    ['flush `abort`', { operation: 'sync', path: /abort/, code: 'EIO' }],
    ['flush the directory', { operation: 'syncDirectory', path: /store$/, code: 'EIO' }],
  ])('and cannot %s is an error, and the next try succeeds', async (_, fault) => {
    const store = new SimulatedStore();
    await store.send(10);
    store.kill();
    failNext(store, fault);
    if (fault.operation === 'create') store.disk.delete(store.path('lock'));
    expect(() => store.open()).toThrow(`The store /data/store cannot be opened (${fault.code}`);
    store.disk.faults.length = 0;
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });
});
