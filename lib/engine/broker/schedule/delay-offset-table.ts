import { asInteger, asObject, type FastjsonObject, type FastjsonTable } from '../../../common/fastjson.js';
import type { FileCallback } from '../../../common/file-system.js';
import { ConfigManager, type ConfigManagerOptions } from '../../config-manager.js';
import { DataVersion } from '../../data-version.js';

/** Updates between two versions of the table (delayOffsetUpdateVersionStep). */
const VERSION_STEP = 200;

/** How far each delay level is delivered, kept in `config/delayOffset.json`. */
export class DelayOffsetTable extends ConfigManager {
  private readonly dataVersion: DataVersion;
  private readonly table = new Map<number, number>();
  private updates = 0;

  constructor(
    options: ConfigManagerOptions,
    flushDelayOffsetInterval: number,
    syncLog?: (done: FileCallback) => void,
  ) {
    super(options, 'delayOffset.json', flushDelayOffsetInterval, syncLog);
    this.dataVersion = new DataVersion(options.clock.now());
  }

  /** The next offset of a level's queue to deliver. */
  get(level: number): number {
    return this.table.get(level) ?? 0;
  }

  all(): ReadonlyMap<number, number> {
    return this.table;
  }

  set(level: number, offset: number): void {
    this.table.set(level, offset);
    if (++this.updates % VERSION_STEP === 0) this.dataVersion.next(this.clock.now());
    this.changed();
  }

  protected encode(): FastjsonTable {
    return { dataVersion: this.dataVersion.toJson(), offsetTable: this.table };
  }

  protected decode(table: FastjsonObject): void {
    const loaded = [...asObject(table.get('offsetTable'))].map(([level, offset]): [number, number] => [
      asInteger(level),
      asInteger(offset),
    ]);
    for (const [level, offset] of loaded) this.table.set(level, offset);
    this.dataVersion.load(table);
  }
}
