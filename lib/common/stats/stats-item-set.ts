import { StatsItem } from './stats-item.js';

/** Counts of one kind by key (StatsItemSet). */
export class StatsItemSet {
  private readonly items = new Map<string, StatsItem>();

  constructor(private readonly now: () => number) {}

  get(key: string): StatsItem | undefined {
    return this.items.get(key);
  }

  add(key: string, value: number): void {
    let item = this.items.get(key);
    if (item === undefined) this.items.set(key, (item = new StatsItem(this.now())));
    item.add(value);
  }

  /** Notes all counts; those of which nothing came for a day are forgotten. */
  sample(timestamp: number): void {
    // An iterator makes a pair for each entry, and there are thousands of counts, every ten seconds.
    this.items.forEach((item, key) => {
      item.sample(timestamp);
      if (item.isIdle) this.items.delete(key);
    });
  }
}
