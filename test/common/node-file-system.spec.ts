import fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { OpenError, type StoreFile } from '../../lib/common/file-system.js';
import { nativeLock, nodeFileSystem } from '../../lib/common/node-file-system.js';
import { StoreError } from '../../lib/errors/store.error.js';
import { eventually } from '../support/eventually.js';
import { temporaryDirectory } from '../support/test-store.js';

type Transfer = (
  fd: number,
  buffer: Buffer,
  offset: number,
  length: number,
  position: number,
  done: (error: Error | null, count: number) => void,
) => void;
type SyncTransfer = (fd: number, buffer: Buffer, offset: number, length: number, position: number) => number;

const CONTENT = Buffer.from('0123456789abcdef');

afterEach(() => vi.restoreAllMocks());

function newFile(): { path: string; file: StoreFile } {
  const path = join(temporaryDirectory(), 'file');
  return { path, file: nodeFileSystem.create(path) };
}

const writeAsync = (file: StoreFile) =>
  new Promise<Error | null>((resolve) => file.writeAsync(CONTENT, 0, CONTENT.length, 0, resolve));
const readAsync = (file: StoreFile, buffer: Buffer) =>
  new Promise<{ error: Error | null; count: number }>((resolve) =>
    file.readAsync(buffer, 0, buffer.length, 0, (error, count) => resolve({ error, count })),
  );

function isClosed(fd: number): boolean {
  try {
    fs.fstatSync(fd);
    return false;
  } catch {
    return true;
  }
}

function errorOf(action: () => unknown): unknown {
  try {
    return action();
  } catch (error) {
    return error;
  }
}

/** Lets the kernel take or give at most so many bytes at once. */
function limitTransfers(count: number): void {
  for (const name of ['writeSync', 'readSync'] as const) {
    const original = fs[name] as unknown as SyncTransfer;
    const short: SyncTransfer = (fd, buffer, offset, length, position) =>
      original(fd, buffer, offset, Math.min(length, count), position);
    vi.spyOn(fs, name).mockImplementation(short as never);
  }
  for (const name of ['write', 'read'] as const) {
    const original = fs[name] as unknown as Transfer;
    const short: Transfer = (fd, buffer, offset, length, position, done) =>
      original(fd, buffer, offset, Math.min(length, count), position, done);
    vi.spyOn(fs, name).mockImplementation(short as never);
  }
}

describe('an open file', () => {
  it('is at its path until that is deleted, or replaced', () => {
    const { path, file } = newFile();
    expect(file.isAt(path)).toBe(true);
    fs.rmSync(path);
    expect(file.isAt(path)).toBe(false);
    nodeFileSystem.create(path).close();
    expect(file.isAt(path)).toBe(false);
    file.close();
  });
});

describe('a file of this machine', () => {
  it('goes on where a short write or read ended', async () => {
    const { path, file } = newFile();
    limitTransfers(5);
    file.write(CONTENT, 0, CONTENT.length, 0);
    expect(fs.readFileSync(path)).toEqual(CONTENT);
    const read = Buffer.alloc(CONTENT.length);
    expect(file.read(read, 0, read.length, 0)).toBe(CONTENT.length);
    expect(read).toEqual(CONTENT);
    fs.truncateSync(path);
    expect(await writeAsync(file)).toBeNull();
    expect(fs.readFileSync(path)).toEqual(CONTENT);
    read.fill(0);
    expect(await readAsync(file, read)).toEqual({ error: null, count: CONTENT.length });
    expect(read).toEqual(CONTENT);
    file.close();
  });

  it('takes a write of which nothing was written for an error, not for a success', async () => {
    const { file } = newFile();
    limitTransfers(0);
    expect(() => file.write(CONTENT, 0, CONTENT.length, 0)).toThrow('Only 0 of 16 bytes could be written');
    expect((await writeAsync(file))?.message).toBe('Only 0 of 16 bytes could be written');
    file.close();
  });

  it('reads what there is, and says how much that is', async () => {
    const { file } = newFile();
    file.write(CONTENT, 0, CONTENT.length, 0);
    const buffer = Buffer.alloc(32, 0xff);
    expect(file.read(buffer, 4, 20, 10)).toBe(6);
    expect(buffer.toString('latin1', 4, 10)).toBe('abcdef');
    expect((await readAsync(file, buffer)).count).toBe(16);
    expect(file.read(buffer, 0, 5, 100)).toBe(0);
    file.close();
  });

  it('hands errors of the kernel to whoever waits', async () => {
    const { file } = newFile();
    file.close();
    expect(() => file.write(CONTENT, 0, 1, 0)).toThrow('EBADF');
    expect((await writeAsync(file))?.message).toContain('EBADF');
    expect((await readAsync(file, Buffer.alloc(4))).error?.message).toContain('EBADF');
    const error = await new Promise<Error | null>((resolve) => file.syncAsync(resolve));
    expect(error?.message).toContain('EBADF');
  });

  it('reads as zeros where it was made longer', () => {
    const { file } = newFile();
    file.write(CONTENT, 0, 4, 0);
    file.truncate(100);
    expect(file.size()).toBe(100);
    const buffer = Buffer.alloc(100, 0xff);
    expect(file.read(buffer, 0, 100, 0)).toBe(100);
    expect(buffer.subarray(4).every((byte) => byte === 0)).toBe(true);
    file.close();
  });

  it('can be locked once, until it is closed', () => {
    const { path, file } = newFile();
    const other = nodeFileSystem.open(path);
    expect(file.tryLock()).toBe(true);
    expect(other.tryLock()).toBe(false);
    file.close();
    expect(other.tryLock()).toBe(true);
    other.close();
  });
});

describe('the file system of this machine', () => {
  it('opens only what exists, and creates without taking content away', () => {
    const path = join(temporaryDirectory(), 'file');
    expect(() => nodeFileSystem.open(path)).toThrow('ENOENT');
    const file = nodeFileSystem.create(path);
    file.write(CONTENT, 0, CONTENT.length, 0);
    file.close();
    const again = nodeFileSystem.create(path);
    expect(again.size()).toBe(CONTENT.length);
    again.close();
  });

  it('takes what does not exist for absent', () => {
    const path = join(temporaryDirectory(), 'none');
    expect(nodeFileSystem.list(path)).toEqual([]);
    expect(nodeFileSystem.exists(path)).toBe(false);
    expect(nodeFileSystem.isDirectory(path)).toBe(false);
    expect(nodeFileSystem.sizeOf(path)).toBeUndefined();
    expect(() => nodeFileSystem.remove(path)).not.toThrow();
  });

  it('gives the space of a deleted file back off the event loop', async () => {
    const { path, file } = newFile();
    file.close();
    const close = vi.spyOn(fs, 'close');
    const closeSync = vi.spyOn(fs, 'closeSync');
    nodeFileSystem.remove(path);
    expect(fs.existsSync(path)).toBe(false);
    expect(closeSync).not.toHaveBeenCalled();
    const [fd] = close.mock.calls[0]!;
    await eventually(() => isClosed(fd));
  });

  it('says of what cannot be opened that it is that, and whether it is gone', async () => {
    const path = join(temporaryDirectory(), 'none');
    const sync = new Promise<Error | null>((resolve) => nodeFileSystem.syncDirectoryAsync(path, resolve));
    const errors = [
      errorOf(() => nodeFileSystem.open(path)),
      errorOf(() => nodeFileSystem.readFile(path)),
      await sync,
    ];
    for (const error of errors) {
      expect(error).toBeInstanceOf(OpenError);
      expect((error as OpenError).isGone).toBe(true);
      expect((error as OpenError).message).toContain(`${path} cannot be opened (ENOENT`);
    }
    fs.symlinkSync('none', path);
    expect(errorOf(() => nodeFileSystem.readFile(path))).toMatchObject({ isGone: false });
  });

  it('makes entries of directories durable, and says when it cannot', async () => {
    const directory = temporaryDirectory();
    nodeFileSystem.makeDirectory(join(directory, 'a/b/c'));
    nodeFileSystem.makeDirectory(join(directory, 'a/b/c'));
    nodeFileSystem.syncDirectory(join(directory, 'a/b'));
    const sync = (path: string) =>
      new Promise<Error | null>((resolve) => nodeFileSystem.syncDirectoryAsync(path, resolve));
    expect(await sync(join(directory, 'a'))).toBeNull();
    expect((await sync(join(directory, 'none')))?.message).toContain('ENOENT');
    expect(() => nodeFileSystem.removeDirectory(join(directory, 'a'))).toThrow('ENOTEMPTY');
  });

  it('knows the space of the disk also of a directory that does not exist yet', () => {
    const { used, usable } = nodeFileSystem.diskSpace(join(temporaryDirectory(), 'commitlog'));
    expect(used).toBeGreaterThan(0);
    expect(usable).toBeGreaterThan(0);
  });
});

it('a machine for which the lock has no binary is named, with the way out', () => {
  const cause = Object.assign(new Error("Cannot find addon '.'"), { code: 'ADDON_NOT_FOUND' });
  const load = () => {
    throw cause;
  };
  expect(() => nativeLock(load)).toThrow(StoreError);
  expect(() => nativeLock(load)).toThrow(
    `The engine cannot lock its store on ${process.platform}-${process.arch} (Cannot find addon '.')`,
  );
  expect(() => nativeLock(load)).toThrow('take an image with glibc, as node:22-slim');
});
