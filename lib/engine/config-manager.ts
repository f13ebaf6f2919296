import { join } from 'node:path';
import type { Clock, Timer } from '../common/clock.js';
import {
  asObject,
  fastjsonPieces,
  parseFastjson,
  type FastjsonObject,
  type FastjsonTable,
} from '../common/fastjson.js';
import type { Logger } from '../common/logger.js';
import { settled, type FileCallback, type FileSystem } from '../common/file-system.js';
import { StoreError } from '../errors/store.error.js';
import { JsonFile } from '../common/json-file.js';

/** Milliseconds until a table that could not be written is tried again. */
const RETRY_INTERVAL = 5000;

export interface ConfigManagerOptions {
  readonly storePathRootDir: string;
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether the store is still the one that was opened; otherwise nothing is written. */
  readonly isOwner?: () => boolean;
}

/** A table of the broker that is kept as a JSON file (ConfigManager). */
export abstract class ConfigManager {
  private readonly file: JsonFile;
  private timer: Timer | undefined;
  private isRequested = false;
  /** Set at the end: settles with the last write. */
  private closing: Promise<boolean> | undefined;
  /** How many changes there were, and how many of them the last finished write had. */
  private changes = 0;
  private persisted = 0;
  /** How many of them the file has. */
  private written = 0;
  private waiting: { readonly change: number; readonly callback: () => void }[] = [];
  private readonly isOwner: () => boolean;
  protected readonly clock: Clock;
  protected readonly logger: Logger;

  /**
   * `persistDelay`: milliseconds that changes gather before they are written. `syncLog` flushes the log, when the table says of messages
   * that they are done with: what they became must be on the disk before that is.
   */
  constructor(
    options: ConfigManagerOptions,
    fileName: string,
    private readonly persistDelay: number,
    private readonly syncLog: (done: FileCallback) => void = (done) => done(null),
  ) {
    this.clock = options.clock;
    this.logger = options.logger;
    this.isOwner = options.isOwner ?? (() => true);
    this.file = new JsonFile(options.fileSystem, join(options.storePathRootDir, 'config', fileName));
  }

  /** The table in the form that Apache's broker writes. Maps in it may change while they are written, entry by entry. */
  protected abstract encode(): FastjsonTable;

  protected abstract decode(table: FastjsonObject): void;

  /** @throws StoreError when there is a table but it cannot be read. */
  load(): void {
    this.file.load(
      (text) => this.decode(asObject(parseFastjson(text))),
      (reason) => this.logger.warn(reason),
    );
  }

  /** Whether the file has all changes. */
  get isPersisted(): boolean {
    return this.changes === this.persisted;
  }

  /** How many wait for {@link whenPersisted}. */
  get waitingCount(): number {
    return this.waiting.length;
  }

  /** Calls back when the file has every change until now, or could not be written. */
  whenPersisted(callback: () => void): void {
    if (this.isPersisted) callback();
    else this.waiting.push({ change: this.changes, callback });
  }

  /** Notes a change: the table is written a little later. */
  protected changed(): void {
    this.changes++;
    if (this.persistDelay > 0) this.persistLater(this.persistDelay);
    else this.persistSoon();
  }

  /**
   * Waits until the table is on the disk as it is now.
   *
   * @throws StoreError when it cannot be written; it is tried again later, unless the broker ends.
   */
  async flush(): Promise<void> {
    const { changes } = this;
    if ((await (this.closing ?? this.persist())) && this.written >= changes) return;
    this.persistLater(RETRY_INTERVAL);
    const next = this.closing === undefined ? 'it is tried again' : 'the broker ends';
    throw new StoreError(`${this.file.path} cannot be written, the log says why; ${next}`);
  }

  /** Writes the table for the last time: afterwards the store may belong to another process. */
  async close(): Promise<void> {
    this.closing = this.persist();
    await this.closing;
  }

  /** Writes the table; false, and a line in the log, when that failed. */
  private async persist(): Promise<boolean> {
    this.clock.clearTimeout(this.timer);
    this.timer = undefined;
    const { changes } = this;
    try {
      if (!this.isOwner()) return false;
      await this.file.save(fastjsonPieces(this.encode()), () => settled(this.syncLog));
      this.written = Math.max(this.written, changes);
      return true;
    } catch (error) {
      this.logger.error(`${this.file.path} cannot be written: ${String(error)}`);
      return false;
    } finally {
      this.onPersisted(changes);
    }
  }

  private onPersisted(changes: number): void {
    this.persisted = changes;
    const ready = this.waiting.filter(({ change }) => change <= changes);
    this.waiting = this.waiting.filter(({ change }) => change > changes);
    for (const { callback } of ready) callback();
  }

  private async persistOrRetry(): Promise<void> {
    if (!(await this.persist())) this.persistLater(RETRY_INTERVAL);
  }

  /** At the end of this turn, in which there may be more changes. */
  private persistSoon(): void {
    if (this.isRequested) return;
    this.isRequested = true;
    this.clock.setImmediate(() => {
      this.isRequested = false;
      if (this.closing === undefined) void this.persistOrRetry();
    });
  }

  private persistLater(delay: number): void {
    if (this.closing === undefined)
      this.timer ??= this.clock.setTimeout(() => void this.persistOrRetry(), delay);
  }
}
