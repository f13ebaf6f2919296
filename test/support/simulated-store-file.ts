import type { FileCallback, StoreFile } from '../../lib/common/file-system.js';
import type { SimulatedDisk } from './simulated-file-system.js';
import { PAGE_SIZE, type SimulatedFile } from './simulated-file.js';

/** An open file of a process on a {@link SimulatedDisk}. */
export class SimulatedStoreFile implements StoreFile {
  private holdsLock = false;
  private isClosed = false;

  constructor(
    private readonly disk: SimulatedDisk,
    private readonly process: number,
    private readonly path: string,
    private readonly file: SimulatedFile,
  ) {
    disk.openFiles++;
  }

  read(buffer: Buffer, offset: number, length: number, position: number): number {
    this.assertUsable();
    this.disk.check('read', this.path, pageOf(position), pageOf(position + length - 1));
    return this.file.read(buffer, offset, length, position);
  }

  readAsync(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    done: (error: Error | null, bytesRead: number) => void,
  ): void {
    this.transfer(() => {
      let count = 0;
      const error = attempt(() => {
        count = this.read(buffer, offset, length, position);
      });
      done(error, count);
    });
  }

  write(buffer: Buffer, offset: number, length: number, position: number): void {
    this.assertUsable();
    this.disk.check('write', this.path);
    const fitting = this.fitting(position, length);
    this.file.write(buffer, offset, fitting, position);
    this.file.modifiedAt = this.disk.now();
    if (fitting < length) throw diskError('ENOSPC', 'write', this.path);
  }

  writeAsync(buffer: Buffer, offset: number, length: number, position: number, done: FileCallback): void {
    this.transfer(() => done(attempt(() => this.write(buffer, offset, length, position))));
  }

  truncate(length: number): void {
    this.assertUsable();
    this.disk.check('write', this.path);
    this.file.truncate(length);
  }

  size(): number {
    return this.file.size;
  }

  sync(): void {
    this.assertUsable();
    this.startSync()();
  }

  syncAsync(done: FileCallback): void {
    if (!this.disk.isAlive(this.process)) return;
    // What is written while a flush is under way is not part of it.
    let end = () => {};
    const error = attempt(() => {
      end = this.startSync();
    });
    this.later(() =>
      this.disk.whenSynced(() => {
        end();
        done(error);
      }),
    );
  }

  tryLock(): boolean {
    if (this.file.isLocked) return false;
    this.holdsLock = this.file.isLocked = true;
    return true;
  }

  isAt(path: string): boolean {
    return this.disk.node(path) === this.file;
  }

  close(): void {
    if (!this.isClosed && this.disk.isAlive(this.process)) this.disk.openFiles--;
    this.isClosed = true;
    if (this.holdsLock && this.disk.isAlive(this.process)) this.file.isLocked = false;
  }

  private startSync(): () => void {
    this.assertUsable();
    try {
      this.disk.check('sync', this.path);
    } catch (error) {
      if (this.disk.isAlive(this.process)) this.failSync();
      throw error;
    }
    return this.file.startSync();
  }

  private failSync(): void {
    this.disk.failedSyncs++;
    this.file.failSync(() => this.disk.random() < 0.5);
  }

  /** Bytes of a write that the disk has room for. */
  private fitting(position: number, length: number): number {
    if (this.disk.capacity === Infinity) return length;
    let room = this.disk.capacity - this.disk.used;
    for (let page = pageOf(position); page * PAGE_SIZE < position + length; page++) {
      if (this.file.hasPage(page)) continue;
      room -= PAGE_SIZE;
      if (room < 0) return Math.max(page * PAGE_SIZE - position, 0);
    }
    return length;
  }

  private transfer(action: () => void): void {
    this.later(() => this.disk.whenTransferred(this.path, action));
  }

  private later(action: () => void): void {
    setImmediate(() => {
      if (this.disk.isAlive(this.process)) action();
    });
  }

  private assertUsable(): void {
    if (!this.disk.isAlive(this.process))
      throw diskError('EIO', 'use after the end of the process', this.path);
    if (this.isClosed) throw diskError('EBADF', 'use of a closed file', this.path);
  }
}

function pageOf(position: number): number {
  return Math.floor(position / PAGE_SIZE);
}

export function attempt(action: () => void): Error | null {
  try {
    action();
    return null;
  } catch (error) {
    return error as Error;
  }
}

export function diskError(code: string, operation: string, path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: simulated ${operation} of ${path}`), { code });
}
