import type * as FsNativeExtensions from 'fs-native-extensions';
import fs from 'node:fs';
import { dirname } from 'node:path';
import { StoreError } from '../errors/store.error.js';
import { loadNativeLock } from './native-lock.cjs';
import { OpenError, type FileCallback, type FileSystem, type StoreFile } from './file-system.js';

/** The file system of this machine. */
export const nodeFileSystem: FileSystem = {
  makeDirectory: (path) => void fs.mkdirSync(path, { recursive: true }),
  list: (path) => (fs.existsSync(path) ? fs.readdirSync(path) : []),
  isDirectory: (path) => fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false,
  exists: (path) => fs.existsSync(path),
  sizeOf: (path) => fs.statSync(path, { throwIfNoEntry: false })?.size,
  allocatedSizeOf: (path) => fs.statSync(path).blocks * 512,
  modifiedAt: (path) => fs.statSync(path).mtimeMs,
  open: (path) => new NodeStoreFile(open(path, 'r+')),
  create: (path) => new NodeStoreFile(openOrCreate(path)),
  readFile,
  rename: (from, to) => fs.renameSync(from, to),
  remove,
  removeDirectory: (path) => fs.rmdirSync(path),
  syncDirectory,
  syncDirectoryAsync,
  diskSpace: (path) => {
    const { blocks, bfree, bavail, bsize } = fs.statfsSync(fs.existsSync(path) ? path : dirname(path));
    return { used: (blocks - bfree) * bsize, usable: bavail * bsize };
  },
};

function open(path: string, flags: string): number {
  try {
    return fs.openSync(path, flags);
  } catch (error) {
    throw new OpenError(path, error);
  }
}

function readFile(path: string): Buffer {
  const fd = open(path, 'r');
  try {
    return fs.readFileSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

function openOrCreate(path: string): number {
  const { O_RDWR, O_CREAT } = fs.constants;
  return fs.openSync(path, O_RDWR | O_CREAT, 0o644);
}

// There the name of a file that is open is not free again, a directory cannot be opened, and its entries are in order by themselves.
const IS_WINDOWS = process.platform === 'win32';

/** What is held open gives its space back off the event loop: that takes hundreds of milliseconds for 1 GiB. */
function remove(path: string): void {
  const fd = IS_WINDOWS ? undefined : tryOpen(path);
  try {
    fs.rmSync(path, { force: true });
  } finally {
    if (fd !== undefined) fs.close(fd, () => {});
  }
}

function tryOpen(path: string): number | undefined {
  try {
    return fs.openSync(path, 'r');
  } catch {
    return undefined;
  }
}

function syncDirectory(path: string): void {
  if (IS_WINDOWS) return;
  const fd = fs.openSync(path, 'r');
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

function syncDirectoryAsync(path: string, done: FileCallback): void {
  if (IS_WINDOWS) return process.nextTick(done, null);
  fs.open(path, 'r', (openError, fd) => {
    if (openError) return done(new OpenError(path, openError));
    fs.fsync(fd, (syncError) => fs.close(fd, () => done(syncError)));
  });
}

class NodeStoreFile implements StoreFile {
  constructor(private readonly fd: number) {}

  read(buffer: Buffer, offset: number, length: number, position: number): number {
    let total = 0;
    while (total < length) {
      const count = fs.readSync(this.fd, buffer, offset + total, length - total, position + total);
      if (count === 0) break;
      total += count;
    }
    return total;
  }

  readAsync(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    done: (error: Error | null, bytesRead: number) => void,
    total = 0,
  ): void {
    fs.read(this.fd, buffer, offset, length, position, (error, count) => {
      if (error) return done(error, 0);
      if (count === 0 || count === length) return done(null, total + count);
      this.readAsync(buffer, offset + count, length - count, position + count, done, total + count);
    });
  }

  write(buffer: Buffer, offset: number, length: number, position: number): void {
    // A short write is what a disk does that is about to report an error: the next call names it.
    for (let written = 0; written < length;) {
      const count = fs.writeSync(this.fd, buffer, offset + written, length - written, position + written);
      if (count === 0) throw shortWrite(written, length);
      written += count;
    }
  }

  writeAsync(buffer: Buffer, offset: number, length: number, position: number, done: FileCallback): void {
    fs.write(this.fd, buffer, offset, length, position, (error, count) => {
      if (error) return done(error);
      if (count === length) return done(null);
      if (count === 0) return done(shortWrite(0, length));
      this.writeAsync(buffer, offset + count, length - count, position + count, done);
    });
  }

  truncate(length: number): void {
    fs.ftruncateSync(this.fd, length);
  }

  size(): number {
    return fs.fstatSync(this.fd).size;
  }

  sync(): void {
    fs.fdatasyncSync(this.fd);
  }

  syncAsync(done: FileCallback): void {
    fs.fdatasync(this.fd, done);
  }

  tryLock(): boolean {
    return nativeLock().tryLock(this.fd, 0, 1);
  }

  isAt(path: string): boolean {
    const named = fs.statSync(path, { bigint: true, throwIfNoEntry: false });
    const { dev, ino } = fs.fstatSync(this.fd, { bigint: true });
    // There the two calls may name a volume differently.
    return named?.ino === ino && (IS_WINDOWS || named.dev === dev);
  }

  close(): void {
    fs.closeSync(this.fd);
  }
}

/** @throws StoreError on a machine for which there is no binary. */
export function nativeLock(load: () => unknown = loadNativeLock): typeof FsNativeExtensions {
  try {
    return load() as typeof FsNativeExtensions;
  } catch (error) {
    throw new StoreError(
      `The engine cannot lock its store on ${process.platform}-${process.arch} (${(error as Error).message}): there are binaries of ` +
        'fs-native-extensions for Linux with glibc, macOS and Windows on x64 and arm64. On Alpine take an image with glibc, as node:22-slim.',
      error,
    );
  }
}

function shortWrite(written: number, length: number): Error {
  return new Error(`Only ${written} of ${length} bytes could be written`);
}
