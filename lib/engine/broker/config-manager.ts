import { join } from 'node:path';
import type { Clock, Timer } from '../../common/clock.js';
import { parseFastjson, type FastjsonObject, type FastjsonValue } from '../../common/fastjson.js';
import type { Logger } from '../../common/logger.js';
import type { FileSystem } from '../../common/file-system.js';
import { StoreError } from '../../errors/store.error.js';
import { JsonFile } from '../../common/json-file.js';

/** Milliseconds until a table that could not be written is tried again. */
const RETRY_INTERVAL = 5000;

export interface ConfigManagerOptions {
  readonly storePathRootDir: string;
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A table of the broker that is kept as a JSON file (ConfigManager). */
export abstract class ConfigManager {
  private readonly file: JsonFile;
  private timer: Timer | undefined;
  private isClosed = false;
  protected readonly clock: Clock;
  protected readonly logger: Logger;

  /** `persistDelay`: milliseconds that changes gather before they are written. */
  constructor(
    options: ConfigManagerOptions,
    fileName: string,
    private readonly persistDelay: number,
  ) {
    this.clock = options.clock;
    this.logger = options.logger;
    this.file = new JsonFile(options.fileSystem, join(options.storePathRootDir, 'config', fileName));
  }

  /** The table in the form that Apache's broker writes. */
  protected abstract encode(): string;
  protected abstract decode(table: FastjsonObject): void;

  /** @throws StoreError when there is a table but it cannot be read. */
  load(): void {
    this.file.load((text) => this.decode(asObject(parseFastjson(text))));
  }

  /** Notes a change: the table is written a little later. */
  protected changed(): void {
    this.persistLater(this.persistDelay);
  }

  /**
   * Waits until the table is on the disk as it is now.
   *
   * @throws StoreError when it cannot be written; it is tried again later.
   */
  async flush(): Promise<void> {
    if (this.isClosed || (await this.persist())) return;
    this.persistLater(RETRY_INTERVAL);
    throw new StoreError(`${this.file.path} cannot be written, the log says why; it is tried again`);
  }

  /** Writes the table for the last time: afterwards the store may belong to another process. */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.persist();
  }

  /** Writes the table; false, and a line in the log, when that failed. */
  private async persist(): Promise<boolean> {
    this.clock.clearTimeout(this.timer);
    this.timer = undefined;
    try {
      await this.file.save(this.encode());
      return true;
    } catch (error) {
      this.logger.error(`${this.file.path} cannot be written: ${String(error)}`);
      return false;
    }
  }

  private async persistOrRetry(): Promise<void> {
    if (!(await this.persist())) this.persistLater(RETRY_INTERVAL);
  }

  private persistLater(delay: number): void {
    if (!this.isClosed) this.timer ??= this.clock.setTimeout(() => void this.persistOrRetry(), delay);
  }
}

/** @throws TypeError when the value is not an object. */
export function asObject(value: FastjsonValue | undefined): FastjsonObject {
  if (value instanceof Map) return value;
  throw new TypeError(`expected an object, found ${JSON.stringify(value)}`);
}

/** An offset or count; numbers in quotes count, as fastjson takes them. */
export function asInteger(value: FastjsonValue | undefined): number {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  if (Number.isSafeInteger(number)) return number as number;
  throw new TypeError(`expected an integer, found ${JSON.stringify(value)}`);
}
