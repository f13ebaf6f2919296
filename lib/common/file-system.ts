import { promisify } from 'node:util';
import { StoreError } from '../errors/store.error.js';

/** Of them this process, or all together, have as many open as they may. */
const TOO_MANY_CODES: ReadonlySet<string | undefined> = new Set(['EMFILE', 'ENFILE']);

/** A file could not be opened, and nothing of it was read, written or flushed. What is in it is as sound as before. */
export class OpenError extends StoreError {
  /** Whether there is no such file. */
  readonly isGone: boolean;

  constructor(path: string, cause: unknown) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const advice = TOO_MANY_CODES.has(code)
      ? 'allow this process more open files (ulimit -n)'
      : 'let the user of this process read and write it';
    super(`${path} cannot be opened (${message}): ${advice}`, cause);
    this.isGone = code === 'ENOENT';
  }
}

/**
 * All access of the engine to files. Tests put a simulated disk in its place, which loses power, fills up, tears
 * writes and fails to flush.
 */
export interface FileSystem {
  /** Creates a directory and its parents; existing ones are left as they are. */
  makeDirectory(path: string): void;
  /** Names in a directory; none when it does not exist. */
  list(path: string): string[];
  isDirectory(path: string): boolean;
  exists(path: string): boolean;
  /** Length in bytes, or undefined when there is no such file. */
  sizeOf(path: string): number | undefined;
  /** Bytes of a file that take up space on the disk: less than its length when parts of it were never written. */
  allocatedSizeOf(path: string): number;
  /** Milliseconds since the epoch of the last change. */
  modifiedAt(path: string): number;
  /**
   * Opens a file that exists for reading and writing: one that is gone must not come back empty.
   *
   * @throws OpenError
   */
  open(path: string): StoreFile;
  /** Opens for reading and writing; creates an empty file when there is none. */
  create(path: string): StoreFile;
  /** @throws OpenError when it is not even opened. */
  readFile(path: string): Buffer;
  rename(from: string, to: string): void;
  /** Deletes a file; one that does not exist is no error. */
  remove(path: string): void;
  /** Deletes a directory that is empty. */
  removeDirectory(path: string): void;
  /** Makes created, renamed and deleted entries of the directory survive a power cut. */
  syncDirectory(path: string): void;
  /** The same, off the event loop; the error is an {@link OpenError} when nothing was flushed. */
  syncDirectoryAsync(path: string, done: FileCallback): void;
  /** Space of the disk that holds `path`, in bytes: used by anyone, and usable by this user. */
  diskSpace(path: string): { used: number; usable: number };
}

export type FileCallback = (error: Error | null) => void;

/** Carries out what calls back, and waits for it. */
export function settled(operation: (done: FileCallback) => void): Promise<void> {
  return promisify(operation)();
}

/** An open file. Every transfer is complete or an error: a short one throws. */
export interface StoreFile {
  /** Reads up to `length` bytes; returns how many the file had. */
  read(buffer: Buffer, offset: number, length: number, position: number): number;
  readAsync(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    done: (error: Error | null, bytesRead: number) => void,
  ): void;
  /** Writes all `length` bytes or throws. */
  write(buffer: Buffer, offset: number, length: number, position: number): void;
  writeAsync(buffer: Buffer, offset: number, length: number, position: number, done: FileCallback): void;
  /** Sets the length; a longer file reads as zeros. */
  truncate(length: number): void;
  size(): number;
  /** Makes everything written so far survive a power cut. */
  sync(): void;
  /** The same, off the event loop. */
  syncAsync(done: FileCallback): void;
  /** Takes an exclusive lock on the first byte, released when the file is closed or the process ends. */
  tryLock(): boolean;
  /** Whether `path` names this file: not after that was deleted, or replaced by another one. */
  isAt(path: string): boolean;
  close(): void;
}

const DISK_FULL_CODES: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** Whether a write failed because the disk, a quota or a file-size limit is exhausted. */
export function isDiskFull(error: unknown): boolean {
  return DISK_FULL_CODES.has((error as NodeJS.ErrnoException).code);
}
