import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { StoreFile } from '../../../lib/common/file-system.js';
import { nodeFileSystem } from '../../../lib/common/node-file-system.js';
import { StoreLock } from '../../../lib/engine/store/store-lock.js';
import { StoreLockedError } from '../../../lib/errors/store.error.js';
import { idsOf, SimulatedStore } from '../../support/simulated-store.js';
import { StoreProcess } from '../../support/store-process.js';
import {
  innerMessage,
  openStore,
  put,
  readAll,
  SMALL_FILES,
  temporaryDirectory,
} from '../../support/test-store.js';

function refusalOf(open: () => unknown): StoreLockedError {
  try {
    open();
  } catch (error) {
    if (error instanceof StoreLockedError) return error;
    throw error;
  }
  throw new Error('The store was opened');
}

describe('a second owner of a store', () => {
  it('in another process is refused with the directory and the pid of the first', async () => {
    const directory = temporaryDirectory();
    const store = openStore(directory);
    const other = await StoreProcess.start();
    await other.open({ ...SMALL_FILES, storePathRootDir: directory });
    expect(other.isOpen).toBe(false);
    expect(other.refusal!.ownerPid).toBe(process.pid);
    expect(other.refusal!.message).toBe(
      `The store ${directory} is in use by process ${process.pid}. ` +
        'Stop it, or give this engine a directory of its own (engine.storePathRootDir). Processes of one machine share an ' +
        "engine with nameServer: '127.0.0.1:9876' and this same directory in all of them.",
    );
    expect((await put(store, innerMessage())).status).toBe('PUT_OK');
    await store.close();
  });

  it('is let in after the first was killed, and finds everything', async () => {
    const directory = temporaryDirectory();
    const first = await StoreProcess.start();
    await first.open({ ...SMALL_FILES, storePathRootDir: directory });
    expect(first.isOpen).toBe(true);
    const refusal = refusalOf(() => openStore(directory));
    expect(refusal).toMatchObject({ storePath: directory, ownerPid: first.pid, code: 'STORE_LOCKED' });
    expect(readFileSync(join(directory, 'abort'), 'latin1')).toBe(String(first.pid));
    await first.kill();
    const store = openStore(directory);
    expect((await put(store, innerMessage())).status).toBe('PUT_OK');
    expect(readFileSync(join(directory, 'abort'), 'latin1')).toBe(String(process.pid));
    await store.close();
  });

  it('in the same process is refused, too, and the first is not disturbed', async () => {
    const directory = temporaryDirectory();
    const store = openStore(directory);
    const refusals = [1, 2, 3].map(() => refusalOf(() => openStore(directory)));
    for (const { ownerPid, fault } of refusals) {
      expect(ownerPid).toBe(process.pid);
      expect(fault).toBe(`The store ${directory} is in use by another engine of this process.`);
    }
    expect((await put(store, innerMessage())).status).toBe('PUT_OK');
    await store.close();
    const next = openStore(directory);
    expect(await readAll(next, 'TopicA', 0)).toHaveLength(1);
    await next.close();
  });

  it('is told what to do with a directory that cannot be used', () => {
    const file = join(temporaryDirectory(), 'file');
    writeFileSync(file, '');
    expect(() => openStore(file)).toThrow(/^The store .*file cannot be opened \(EEXIST.*another directory/);
  });

  it('begins on a disk that is full by now, so that it can be drained', async () => {
    const store = new SimulatedStore();
    await store.send(5);
    await store.close();
    store.disk.faults.push({ operation: 'write', path: /abort/, code: 'ENOSPC' });
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored));
    store.kill();
    expect(store.disk.node(store.path('abort'))).toBeDefined();
    store.disk.faults.length = 0;
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });

  it('is told to make room on a disk that is full where there is no file yet', async () => {
    const store = new SimulatedStore();
    await store.close();
    store.disk.faults.push({ operation: 'write', path: /lock/, code: 'ENOSPC', times: 1 });
    expect(() => store.open()).toThrow(
      /^The store \/data\/store cannot be opened \(ENOSPC.*: make room on its disk\.$/,
    );
    store.open();
  });

  it('finds a clean end where a prepared file could not be deleted, and nobody who writes on', async () => {
    const store = new SimulatedStore();
    await store.send(60);
    store.disk.faults.push({ operation: 'remove', path: /commitlog/, code: 'EIO' });
    await store.store.close();
    expect(store.logger.lines.join('\n')).toContain('A commit-log file that is not needed stays: Error: EIO');
    const { length } = store.disk.journal;
    await store.clock.advance(11_000);
    expect(store.disk.journal.slice(length)).toEqual([]);
    expect(store.disk.openFiles).toBe(0);
    expect(store.disk.node(store.path('abort'))).toBeUndefined();
    store.kill();
    store.disk.faults.length = 0;
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });

  it('may be of another container where pids are as small as they are in one', () => {
    const { pid } = process;
    onTestFinished(() => void Object.defineProperty(process, 'pid', { value: pid }));
    Object.defineProperty(process, 'pid', { value: 7 });
    expect(new StoreLockedError('/data', 7).fault).toBe(
      'The store /data is in use by another engine of this process, or by process 7 of another container.',
    );
    expect(new StoreLockedError('/data', 8).fault).toBe('The store /data is in use by process 8.');
  });

  it('is told where to put a store whose file system has no locks', () => {
    const directory = temporaryDirectory();
    const create = (path: string): StoreFile => {
      const file = nodeFileSystem.create(path);
      file.tryLock = () => {
        throw new Error('no locks available');
      };
      return file;
    };
    expect(() => new StoreLock(directory, { ...nodeFileSystem, create }).acquire()).toThrow(
      /^The store .* cannot be opened \(no locks available\): .*put it on a local disk or a block volume\.$/,
    );
  });

  it('is refused without a pid where none can be read', async () => {
    const directory = temporaryDirectory();
    const other = await StoreProcess.start();
    await other.open({ ...SMALL_FILES, storePathRootDir: directory });
    writeFileSync(join(directory, 'abort'), 'garbage');
    const refusal = refusalOf(() => openStore(directory));
    expect(refusal.ownerPid).toBeUndefined();
    expect(refusal.message).toContain(`The store ${directory} is in use by another process`);
  });
});

describe('the lock of a store', () => {
  it('is free as soon as a look at it says so, also while the end before waits for the disk', () => {
    const directory = temporaryDirectory();
    const looks: boolean[] = [];
    const next = new StoreLock(directory, nodeFileSystem);
    next.acquire();
    next.release(true);
    const syncDirectory = (path: string): void => {
      nodeFileSystem.syncDirectory(path);
      if (nodeFileSystem.exists(join(directory, 'abort'))) return;
      looks.push(next.isHeld());
      next.acquire();
    };
    const first = new StoreLock(directory, { ...nodeFileSystem, syncDirectory });
    first.acquire();
    expect(first.isHeld()).toBe(true);
    first.release(true);
    expect(looks).toEqual([false]);
    next.release(true);
  });

  it('does not take a left-over `abort` or `lock` for an owner', async () => {
    const store = new SimulatedStore();
    await store.send(5);
    store.kill();
    expect(store.disk.node(store.path('abort'))).toBeDefined();
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });

  it('is given free when the store cannot be opened', async () => {
    const store = new SimulatedStore();
    await store.send(5);
    await store.close();
    expect(() => store.open({ mappedFileSizeCommitLog: 8192 })).toThrow('mappedFileSizeCommitLog is 8192');
    expect(store.disk.node(store.path('abort')), 'the end before was clean, and still is').toBeUndefined();
    store.open();
    expect(await store.ids()).toEqual(idsOf(store.stored));
  });

  it('keeps `abort` of an unclean end when the store cannot be opened', async () => {
    const store = new SimulatedStore();
    await store.send(5);
    store.kill();
    expect(() => store.open({ mappedFileSizeCommitLog: 8192 })).toThrow();
    expect(store.disk.node(store.path('abort'))).toBeDefined();
    store.open();
    expect(store.logger.lines.join('\n')).toContain('Checking the commit log');
  });
});

describe('a store that was deleted while it was open', () => {
  const isLost = (line: string) => line.startsWith('ERROR The store /data/store was deleted or replaced');
  const pathsOf = ({ disk, directory }: SimulatedStore) =>
    [...disk.paths()].filter((path) => path.startsWith(directory));

  it.each([0, 5])('refuses messages and writes nothing more, with %s of them under way', async (count) => {
    const store = new SimulatedStore();
    await store.send(count);
    store.disk.delete(store.directory);
    await store.clock.advance(60_000);
    expect((await store.put()).status).toBe('SERVICE_NOT_AVAILABLE');
    expect(store.store.writeRefusal).toContain('was deleted or replaced while it was open');
    expect(store.logger.lines.filter(isLost)).toHaveLength(1);
    await store.close();
    expect(pathsOf(store)).toEqual([]);
  });

  it('is noticed at its end, too', async () => {
    const store = new SimulatedStore();
    await store.send(5);
    store.disk.delete(store.directory);
    await store.close();
    expect(store.logger.lines.filter(isLost)).toHaveLength(1);
    expect(pathsOf(store)).toEqual([]);
  });
});
