import { asInteger, asObject, type FastjsonObject } from '../common/fastjson.js';

/** The version of a table; brokers and name servers compare it for equality (DataVersion). */
export class DataVersion {
  counter = 0;
  stateVersion = 0;

  constructor(public timestamp: number) {}

  next(now: number): void {
    this.timestamp = now;
    this.counter++;
  }

  toJson(): { counter: number; stateVersion: number; timestamp: number } {
    return { counter: this.counter, stateVersion: this.stateVersion, timestamp: this.timestamp };
  }

  /** Takes over the version of a table that was loaded; one without a version keeps the present one. */
  load(table: FastjsonObject): void {
    if (!table.has('dataVersion')) return;
    const version = asObject(table.get('dataVersion'));
    this.counter = asInteger(version.get('counter') ?? 0);
    this.stateVersion = asInteger(version.get('stateVersion') ?? 0);
    this.timestamp = asInteger(version.get('timestamp') ?? 0);
  }
}
