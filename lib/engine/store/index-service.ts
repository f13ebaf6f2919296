import { basename, dirname, join } from 'node:path';
import type { Clock } from '../../common/clock.js';
import { javaHashCode } from '../../common/java-hash.js';
import { KEY_SEPARATOR } from '../../common/message-const.js';
import { MessageSysFlag, transactionValue } from '../../common/message-sys-flag.js';
import { ConfigurationError } from '../../errors/configuration.error.js';
import type { DispatchRequest } from './dispatch-request.js';
import { IndexFile } from './index-file.js';
import type { MessageStoreConfig } from './message-store-config.js';
import type { StoreFiles } from './segment-file-queue.js';
import type { Unsynced } from './unsynced.js';

/** Entries count in seconds: a record, also the last one of a file that was repaired, may be so many milliseconds younger than its entry says. */
export const ENTRY_TIME_UNIT = 1000;

/** Units of a file for which it is created while the log is read: from then on it takes them as they come. */
const MAX_RECOVERED_UNITS = 16_384;

/** Reads of a few kilobytes that one query takes at most. */
const MAX_READS = 20_000;

/** Finds messages by unique id and key (IndexService). */
export class IndexService {
  private indexFiles: IndexFile[] = [];
  private readonly directory: string;
  /** Files with entries that are not written. */
  private readonly dirty = new Set<IndexFile>();
  /** Those of them that were repaired or made anew at the start. */
  private readonly recovered = new Set<IndexFile>();
  /** Files with slots that are not written. */
  private readonly staleSlots = new Set<IndexFile>();
  /** Files that were created, and how many of them survive a power cut. */
  private created = 0;
  private durable = 0;
  /** Whether files were dropped as damaged. */
  isIncomplete = false;
  /** Whether the disk did not take what gathered while the log was read. */
  private isRefused = false;

  constructor(
    private readonly config: MessageStoreConfig,
    private readonly files: StoreFiles,
    private readonly clock: Clock,
    private readonly unsynced: Unsynced,
  ) {
    this.directory = join(config.storePathRootDir, 'index');
  }

  /** The newest record that is indexed. */
  get endPhyOffset(): number {
    return this.indexFiles.at(-1)?.endPhyOffset ?? 0;
  }

  /** Takes in the files up to the first that is damaged; after an unclean end {@link repair} looks closer. */
  load(isUnclean: boolean): void {
    const names = this.files.fileSystem.list(this.directory).filter((name) => /^\d{17}$/.test(name));
    for (const name of names.sort()) this.indexFiles.push(this.newFile(name));
    const long = this.indexFiles.find((file) => this.sizeOf(file) > file.file.size);
    if (long !== undefined) {
      throw new ConfigurationError(
        `${long.file.path} is longer than maxHashSlotNum ${this.config.maxHashSlotNum} and maxIndexNum ` +
          `${this.config.maxIndexNum} make it; set them as they were, or delete the directory to rebuild it`,
      );
    }
    let previousEnd = 0;
    for (const [i, file] of this.indexFiles.entries()) {
      const isSound = this.sizeOf(file) >= file.file.size && file.load(previousEnd);
      if (!isSound || !(isUnclean || file.endsWithLastUnit())) return this.dropFrom(i);
      previousEnd = file.endPhyOffset;
    }
  }

  /**
   * After an unclean end: drops entries of records at `limit` or behind it, and everything from the first entry on
   * that is not as it was written. Files that ended before `flushedTimestamp` are known to be on the disk.
   */
  repair(limit: number, flushedTimestamp: number): void {
    for (const [i, file] of this.indexFiles.entries()) {
      const isLast = i === this.indexFiles.length - 1;
      const isFlushed = file.endTimestamp + ENTRY_TIME_UNIT <= flushedTimestamp;
      const isSound = file.isFull && isFlushed && file.endPhyOffset < limit;
      if (isSound && !isLast) continue;
      file.repair(limit);
      this.dirty.add(file);
      if (file.isEmpty) return this.dropFrom(i);
      if (!file.isFull) return this.dropFrom(i + 1);
    }
  }

  /** What is not written is what the log said when it was read. */
  endRecovery(): void {
    for (const file of this.dirty) this.recovered.add(file);
  }

  /** While the log is read: writes files that are full and creates new ones, or a rebuild would need memory for all entries. */
  relieve(): void {
    const last = this.indexFiles.at(-1);
    const gathered = last === undefined || last.isCreated ? 0 : last.unwritten;
    if (this.isRefused || (this.dirty.size < 2 && gathered < MAX_RECOVERED_UNITS)) return;
    this.endRecovery();
    try {
      this.write();
      for (const file of this.indexFiles.slice(0, -1)) file.releaseSlots();
    } catch {
      // It stays in memory, and is tried again when the store is open.
      this.isRefused = true;
    }
  }

  /** Adds the unique id and every key of a record (IndexService#buildIndex). */
  put(request: DispatchRequest): void {
    if (transactionValue(request.sysFlag) === MessageSysFlag.TRANSACTION_ROLLBACK_TYPE) return;
    const last = this.indexFiles.at(-1);
    if (last !== undefined && request.commitLogOffset < last.endPhyOffset) return;
    // A rebuild begins with the newest record that is indexed, of which some keys may be missing.
    const indexed = last?.endPhyOffset === request.commitLogOffset ? last : undefined;
    if (request.uniqKey !== undefined) this.putKey(request, request.uniqKey, indexed);
    if (request.keys === undefined) return;
    for (const key of request.keys.split(KEY_SEPARATOR)) if (key !== '') this.putKey(request, key, indexed);
  }

  /**
   * Commit-log offsets of records whose key has the hash of `key`, newest first; the caller compares the keys.
   * `begin` and `end` are store timestamps. It ends early when very many newer messages have the key.
   */
  query(topic: string, key: string, max: number, begin: number, end: number): number[] {
    const keyHash = indexHash(javaHashCode(`${topic}#${key}`));
    const offsets = new Set<number>();
    const budget = { reads: MAX_READS };
    for (const file of this.indexFiles.toReversed()) {
      if (offsets.size >= max || file.endTimestamp < begin) break;
      if (!file.overlaps(begin, end)) continue;
      for (const entry of file.find(keyHash, max - offsets.size, begin, end, budget))
        offsets.add(entry.commitLogOffset);
    }
    if (budget.reads < 0) this.files.logger.warn('A query ended early: too many newer messages have its key');
    return [...offsets];
  }

  /** Gives the kernel what is only in memory, but for the slots. */
  write(): void {
    for (const file of this.dirty) {
      this.writeFile(file);
      this.dirty.delete(file);
      this.recovered.delete(file);
      this.unsynced.segments.add(file.file);
      this.staleSlots.add(file);
    }
  }

  /** Gives the kernel the slots of the entries that were written before; one call after the other. */
  async writeSlots(): Promise<void> {
    for (const file of this.staleSlots) {
      await file.writeSlots();
      this.unsynced.segments.add(file.file);
      // What came meanwhile is for the next call, and until then only in memory.
      if (file.hasStaleSlots || file.isDirty) continue;
      this.staleSlots.delete(file);
      if (file.isFull || file !== this.indexFiles.at(-1)) file.releaseSlots();
    }
  }

  /** Deletes the files that only point below `minCommitLogOffset`; the newest one stays. */
  deleteExpired(minCommitLogOffset: number): void {
    while (this.indexFiles.length > 1 && this.indexFiles[0]!.endPhyOffset < minCommitLogOffset) {
      this.remove(this.indexFiles[0]!);
      this.indexFiles.shift();
    }
  }

  private writeFile(file: IndexFile): void {
    const isRecovered = this.recovered.has(file);
    if (file.isCreated) return file.write(isRecovered);
    this.makeDirectory();
    // A power cut must not leave this file without an older one: nobody would know what is missing.
    if (this.durable < this.created) this.files.fileSystem.syncDirectory(this.directory);
    file.write(isRecovered);
    const count = ++this.created;
    this.files.fileSystem.syncDirectoryAsync(this.directory, (error) => {
      if (error === null) this.durable = Math.max(this.durable, count);
    });
  }

  private makeDirectory(): void {
    this.files.fileSystem.makeDirectory(this.directory);
    this.unsynced.directories.add(this.directory).add(dirname(this.directory));
  }

  private putKey(request: DispatchRequest, key: string, indexed: IndexFile | undefined): void {
    const keyHash = indexHash(javaHashCode(key, request.queue.indexHashSeed));
    if (indexed?.has(keyHash, request.commitLogOffset)) return;
    const file = this.writableFile();
    if (!file.isDirty) this.dirty.add(file);
    file.put(keyHash, request.commitLogOffset, request.storeTimestamp);
  }

  private writableFile(): IndexFile {
    const last = this.indexFiles.at(-1);
    if (last?.prepare()) return last;
    const file = this.newFile(this.nextName());
    file.create(last?.endPhyOffset ?? 0, last?.endTimestamp ?? 0);
    file.prepare();
    this.indexFiles.push(file);
    return file;
  }

  /** Drops a file and those behind it, for good; their entries come back from the log. */
  private dropFrom(first: number): void {
    const dropped = this.indexFiles.splice(first);
    if (dropped.length === 0) return;
    this.isIncomplete = true;
    for (const file of dropped) {
      this.files.logger.warn(`${file.file.path} is incomplete and is rebuilt from the commit log`);
      this.remove(file);
    }
    this.files.fileSystem.syncDirectory(this.directory);
  }

  private remove(file: IndexFile): void {
    this.dirty.delete(file);
    this.recovered.delete(file);
    this.staleSlots.delete(file);
    this.unsynced.segments.delete(file.file);
    file.file.remove(this.files.fileSystem);
  }

  private sizeOf({ file }: IndexFile): number {
    return this.files.fileSystem.sizeOf(file.path) ?? 0;
  }

  private newFile(name: string): IndexFile {
    const { maxHashSlotNum, maxIndexNum } = this.config;
    return new IndexFile(join(this.directory, name), maxHashSlotNum, maxIndexNum, this.files.openFiles);
  }

  /** The time; files are sorted by name, so after the name of the newest one even if the clock was set back. */
  private nextName(): string {
    const last = this.indexFiles.at(-1);
    const name = timeName(this.clock.now());
    if (last === undefined || name > basename(last.file.path)) return name;
    return String(BigInt(basename(last.file.path)) + 1n);
  }
}

/** Without its sign (IndexFile#indexKeyHashMethod). */
function indexHash(hash: number): number {
  return hash === -0x80000000 ? 0 : Math.abs(hash);
}

/** yyyyMMddHHmmssSSS in local time. */
function timeName(time: number): string {
  const date = new Date(time);
  const parts = [
    date.getMonth() + 1,
    date.getDate(),
    date.getHours(),
    date.getMinutes(),
    date.getSeconds(),
  ].map((part) => String(part).padStart(2, '0'));
  return date.getFullYear() + parts.join('') + String(date.getMilliseconds()).padStart(3, '0');
}
