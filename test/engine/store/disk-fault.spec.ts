import { describe, expect, it } from 'vitest';
import type { DiskFault } from '../../support/simulated-file-system.js';
import { expectAcknowledgedOnly, idsOf, SimulatedStore } from '../../support/simulated-store.js';

const LOG = /commitlog/;
const QUEUES = /consumequeue/;

describe.each([
  ['write', 'The commit log could not be written'],
  ['sync', 'The commit log could not be flushed'],
] as const)('a failed %s of the commit log', (operation, text) => {
  it('fails the whole batch, and no send succeeds until the store is opened again', async () => {
    const store = new SimulatedStore();
    await store.send(5);
    store.failNext({ operation, path: LOG, code: 'EIO' });
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
    store.failNext({ operation, path: LOG, code: 'EIO' });
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
    store.failNext({ operation: 'sync', path: LOG, code: 'EIO' });
    const third = store.put();
    store.disk.releaseSyncs();
    expect((await first).status).toBe('PUT_OK');
    expect([(await second).status, (await third).status]).toEqual(Array(2).fill('SERVICE_NOT_AVAILABLE'));
    await expectAcknowledgedOnly(store);
  });

  it('ends sending with ASYNC_FLUSH as well, after what the kernel had was acknowledged', async () => {
    const store = new SimulatedStore({ flushDiskType: 'ASYNC_FLUSH' });
    store.failNext({ operation: 'sync', path: LOG, code: 'EIO' });
    await store.send(5);
    await store.clock.advance(500);
    expect((await store.put()).status).toBe('SERVICE_NOT_AVAILABLE');
    expect(store.store.writeRefusal).toContain('The commit log could not be flushed');
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });

  it('at the end of the store is found by the next start', async () => {
    const store = new SimulatedStore({ flushDiskType: 'ASYNC_FLUSH' });
    await store.send(5);
    store.failNext({ operation: 'sync', path: LOG, code: 'EIO' });
    await store.close();
    expect(store.disk.node(store.path('abort'))).toBeDefined();
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });

  it('is made good for by the next start, although the kernel counts the pages as clean', async () => {
    const store = new SimulatedStore({ flushDiskType: 'ASYNC_FLUSH' });
    store.failNext({ operation: 'sync', path: LOG, code: 'EIO' });
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
    store.failNext({ operation: 'sync', path: QUEUES, code: 'EIO' });
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
    store.failNext({ operation: 'syncDirectory', path: /store$/, code: 'EIO' });
    expect((await store.put()).status).toBe('CREATE_MAPPED_FILE_FAILED');
    await store.send(5);
    store.crash();
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });
});

describe('the directory of the log', () => {
  it('that the disk refuses once makes the store read-only: the next flush of it would say nothing', async () => {
    const store = new SimulatedStore();
    await store.send(1);
    const asked = { operation: 'syncDirectory', path: /commitlog$/, code: 'EIO', times: 1 } as const;
    store.disk.faults.push(asked);
    let last = await store.put();
    for (let i = 0; i < 200 && last.status === 'PUT_OK'; i++) last = await store.put();
    expect(last.status).toBe('CREATE_MAPPED_FILE_FAILED');
    expect((await store.put()).status).toBe('SERVICE_NOT_AVAILABLE');
    expect(store.store.writeRefusal).toContain('The commit log could not be flushed (EIO');
    store.crash();
    store.disk.faults.length = 0;
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored));
    await store.send(1);
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
    ['write `abort`', { operation: 'write', path: /abort/, code: 'EIO' }],
    ['flush `abort`', { operation: 'sync', path: /abort/, code: 'EIO' }],
    ['flush the directory', { operation: 'syncDirectory', path: /store$/, code: 'EIO' }],
  ])('and cannot %s is an error, and the next try succeeds', async (_, fault) => {
    const store = new SimulatedStore();
    await store.send(10);
    store.kill();
    store.failNext(fault);
    if (fault.operation === 'create') store.disk.delete(store.path('lock'));
    expect(() => store.open()).toThrow(`The store /data/store cannot be opened (${fault.code}`);
    store.disk.faults.length = 0;
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });
});
