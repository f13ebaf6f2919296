import { join } from 'node:path';
import { StoreError, StoreLockedError } from '../../errors/store.error.js';
import { syncAncestors } from '../../common/durable-directory.js';
import { isDiskFull, type FileSystem, type StoreFile } from '../../common/file-system.js';
import { silentLogger, type Logger } from '../../common/logger.js';
import { RunningFlags } from './running-flags.js';

const ADVICE_ON_LOCKS =
  ': its file system has no locks, without which two engines could write it; put it on a local disk or a block volume';

/** What is said of a directory that is not for this process, or none. */
const UNUSABLE: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'EROFS', 'EEXIST', 'ENOTDIR']);

/**
 * Ownership of a store directory: a kernel lock on the file `lock`, the same one that Apache's broker takes, and
 * `abort`, which holds the owner's pid while it runs and tells the next owner that the previous end was unclean.
 */
export class StoreLock {
  private file: StoreFile | undefined;
  private isLost = false;
  private readonly lockPath: string;
  private readonly abortPath: string;

  constructor(
    private readonly storePath: string,
    private readonly fileSystem: FileSystem,
    private readonly flags = new RunningFlags(),
    private readonly logger: Logger = silentLogger,
  ) {
    this.lockPath = join(storePath, 'lock');
    this.abortPath = join(storePath, 'abort');
  }

  /**
   * @returns whether the previous owner ended uncleanly.
   * @throws StoreLockedError when there is an owner, StoreError when the directory cannot be used.
   */
  acquire(): boolean {
    const file = this.attempt(() => this.openFile());
    try {
      const isFree = this.attempt(() => file.tryLock(), ADVICE_ON_LOCKS);
      if (!isFree) throw new StoreLockedError(this.storePath, this.ownerPid());
      this.attempt(() => file.write(Buffer.from('lock'), 0, 4, 0));
      const isUnclean = this.fileSystem.exists(this.abortPath);
      this.attempt(() => this.writeAbort());
      this.file = file;
      return isUnclean;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Whether a process that runs has the store open. It is asked without locking a store that was closed cleanly. */
  isHeld(): boolean {
    if (!this.fileSystem.exists(this.abortPath) || !this.fileSystem.exists(this.lockPath)) return false;
    const file = this.fileSystem.open(this.lockPath);
    try {
      return !file.tryLock();
    } finally {
      file.close();
    }
  }

  /**
   * False, for good, when the directory was deleted or replaced while it was open: what is there by now may have another owner. Then
   * the store refuses messages, and the log says so once.
   */
  isOwner(): boolean {
    if (this.isLost || !this.isReplaced()) return !this.isLost;
    this.isLost = true;
    const fault = new StoreError(
      `The store ${this.storePath} was deleted or replaced while it was open: it takes no more messages, and nothing more is ` +
        'written there. Start the application again, and end it before its store is deleted.',
    );
    this.flags.fail(fault, this.logger);
    return false;
  }

  /** What cannot be looked at is for those to report who write there. */
  private isReplaced(): boolean {
    try {
      return this.file?.isAt(this.lockPath) === false;
    } catch {
      return false;
    }
  }

  /** `isClean`: everything is on the disk, and the next start may rely on it. */
  release(isClean: boolean): void {
    const { file } = this;
    // Without the lock, `abort` is someone else's.
    if (file === undefined) return;
    this.file = undefined;
    try {
      if (isClean) this.fileSystem.remove(this.abortPath);
    } finally {
      file.close();
    }
    // Whoever finds no `abort` takes the lock at once. One that comes back after a power cut costs no more than a check.
    if (isClean) this.fileSystem.syncDirectory(this.storePath);
  }

  /** What the file system says names a file, if anything, and not the store. */
  private attempt<T>(action: () => T, advice?: string): T {
    try {
      return action();
    } catch (error) {
      // A machine for which there is no lock at all.
      if (error instanceof StoreError) throw error;
      const { message } = error as Error;
      throw new StoreError(
        `The store ${this.storePath} cannot be opened (${message})${advice ?? adviceOn(error)}.`,
        error,
      );
    }
  }

  private openFile(): StoreFile {
    this.makeDirectory();
    return this.fileSystem.create(this.lockPath);
  }

  /** Where there is no lock, an earlier start may have ended before the directories were durable. */
  private makeDirectory(): void {
    if (this.fileSystem.exists(this.lockPath)) return;
    this.fileSystem.makeDirectory(this.storePath);
    syncAncestors(this.fileSystem, this.storePath);
  }

  private writeAbort(): void {
    const pid = Buffer.from(String(process.pid));
    const file = this.fileSystem.create(this.abortPath);
    try {
      this.writePid(file, pid);
      file.sync();
    } finally {
      file.close();
    }
    this.fileSystem.syncDirectory(this.storePath);
  }

  /** A full disk may have no block for it: that there is the file is what counts, and consumers must be able to drain the store. */
  private writePid(file: StoreFile, pid: Buffer): void {
    try {
      file.truncate(pid.length);
      file.write(pid, 0, pid.length, 0);
    } catch (error) {
      if (!isDiskFull(error)) throw error;
    }
  }

  private ownerPid(): number | undefined {
    if (!this.fileSystem.exists(this.abortPath)) return undefined;
    const pid = Number(this.fileSystem.readFile(this.abortPath).toString('latin1'));
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  }
}

function adviceOn(error: unknown): string {
  if (isDiskFull(error)) return ': make room on its disk';
  return UNUSABLE.has((error as NodeJS.ErrnoException).code!)
    ? ': let the user of this process write there, or name another directory (engine.storePathRootDir)'
    : '';
}
