/** What was counted in a stretch of time (StatsSnapshot). */
export interface StatsSnapshot {
  readonly sum: number;
  /** A second. */
  readonly tps: number;
  /** At a time. */
  readonly avgpt: number;
}

/** A count at a time that never goes back. */
interface CallSnapshot {
  timestamp: number;
  times: number;
  value: number;
}

/** Milliseconds between two samples. */
export const SAMPLE_INTERVAL = 10_000;
const HOUR_INTERVAL = 600_000;
const DAY_INTERVAL = 3_600_000;

/** The newest samples of a count, of which the first and the last make a statistic. */
class SnapshotList {
  private readonly snapshots: CallSnapshot[];

  constructor(
    private readonly interval: number,
    private readonly size: number,
    now: number,
  ) {
    this.snapshots = [{ timestamp: now, times: 0, value: 0 }];
  }

  sample(timestamp: number, { value, times }: StatsItem): void {
    const { snapshots } = this;
    // Ticks are not exact, so one that comes a little early counts.
    if (timestamp - snapshots.at(-1)!.timestamp < this.interval - SAMPLE_INTERVAL / 2) return;
    // The oldest becomes the newest: a new one for each of thousands of counts would be old garbage a minute later.
    const snapshot = snapshots.length < this.size ? { timestamp, times, value } : snapshots.shift()!;
    snapshot.timestamp = timestamp;
    snapshot.times = times;
    snapshot.value = value;
    snapshots.push(snapshot);
  }

  get isIdle(): boolean {
    return this.snapshots.length === this.size && this.snapshots[0]!.value === this.snapshots.at(-1)!.value;
  }

  /** As StatsItem#computeStatsData. */
  compute(): StatsSnapshot {
    const first = this.snapshots[0]!;
    const last = this.snapshots.at(-1)!;
    const sum = last.value - first.value;
    const millis = last.timestamp - first.timestamp;
    const times = last.times - first.times;
    return { sum, tps: millis > 0 ? (sum * 1000) / millis : 0, avgpt: times > 0 ? sum / times : 0 };
  }
}

/** One thing that is counted (StatsItem): a minute in steps of 10 s, an hour in steps of 10 min, a day in hours. */
export class StatsItem {
  value = 0;
  times = 0;
  private readonly minute: SnapshotList;
  private readonly hour: SnapshotList;
  private readonly day: SnapshotList;

  constructor(now: number) {
    this.minute = new SnapshotList(SAMPLE_INTERVAL, 7, now);
    this.hour = new SnapshotList(HOUR_INTERVAL, 7, now);
    this.day = new SnapshotList(DAY_INTERVAL, 25, now);
  }

  add(value: number): void {
    this.value += value;
    this.times++;
  }

  sample(timestamp: number): void {
    this.minute.sample(timestamp, this);
    this.hour.sample(timestamp, this);
    this.day.sample(timestamp, this);
  }

  /** Whether nothing was counted for a day: then it may be forgotten. */
  get isIdle(): boolean {
    return this.day.isIdle;
  }

  get statsMinute(): StatsSnapshot {
    return this.minute.compute();
  }

  get statsHour(): StatsSnapshot {
    return this.hour.compute();
  }

  get statsDay(): StatsSnapshot {
    return this.day.compute();
  }
}
