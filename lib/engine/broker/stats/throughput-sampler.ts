/** What the broker has done since its start. */
export interface Totals {
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  /** In the time that never goes back. */
  readonly moment: number;
  readonly put: number;
  readonly found: number;
  readonly miss: number;
  readonly transferred: number;
}

/** Over the last 10 s, minute, and 10 min. */
const WINDOWS = [10_000, 60_000, 600_000];
const LONGEST = 600_000;

/** How much the broker does a second, and did until midnight (the `Tps` of StoreStatsService, and BrokerStats). */
export class ThroughputSampler {
  private readonly samples: Totals[] = [];
  private yesterdayMorning: Totals | undefined;
  private todayMorning: Totals | undefined;

  constructor(private readonly totals: () => Totals) {}

  sample(): void {
    const now = this.totals();
    const last = this.samples.at(-1);
    this.turnDays(last ?? now, now);
    this.samples.push(now);
    while (this.samples[1] !== undefined && now.moment - this.samples[1].moment >= LONGEST) {
      this.samples.shift();
    }
  }

  /** Per second in each of the windows, with a blank behind each, as Apache's broker writes it. */
  tps(count: (totals: Totals) => number): string {
    const now = this.totals();
    return WINDOWS.map((window) => `${this.perSecond(now, window, count)} `).join('');
  }

  /** A total at the beginning of yesterday and of today, counted from the start of the broker, and now. */
  days(count: (totals: Totals) => number): { yesterdayMorning: number; todayMorning: number; now: number } {
    this.sampleFirstOfDay();
    return {
      yesterdayMorning: count(this.yesterdayMorning!),
      todayMorning: count(this.todayMorning!),
      now: count(this.totals()),
    };
  }

  private sampleFirstOfDay(): void {
    const last = this.samples.at(-1);
    if (last === undefined || !isSameDay(last, this.totals())) this.sample();
  }

  private perSecond(now: Totals, window: number, count: (totals: Totals) => number): number {
    const from =
      this.samples.findLast(({ moment }) => now.moment - moment >= window) ?? this.samples[0] ?? now;
    const millis = now.moment - from.moment;
    return millis > 0 ? ((count(now) - count(from)) * 1000) / millis : 0;
  }

  /** The last sample of a day is its count at midnight. */
  private turnDays(last: Totals, now: Totals): void {
    this.todayMorning ??= now;
    this.yesterdayMorning ??= now;
    if (isSameDay(last, now)) return;
    this.yesterdayMorning = this.todayMorning;
    this.todayMorning = last;
  }
}

function isSameDay(a: Totals, b: Totals): boolean {
  return new Date(a.timestamp).toDateString() === new Date(b.timestamp).toDateString();
}
