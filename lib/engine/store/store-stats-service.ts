import type { DispatchRequest } from './dispatch-request.js';

/** Upper bounds in milliseconds, and names, of the classes of times that a send took to be stored. */
const CLASSES: readonly (readonly [number, string])[] = [
  [0, '<=0ms'],
  [10, '0~10ms'],
  [50, '10~50ms'],
  [100, '50~100ms'],
  [200, '100~200ms'],
  [500, '200~500ms'],
  [1000, '500ms~1s'],
  [2000, '1~2s'],
  [3000, '2~3s'],
  [4000, '3~4s'],
  [5000, '4~5s'],
  [10_000, '5~10s'],
  [Infinity, '10s~'],
];
/** Classes of latency: 0 ms, 1 ms, up to 3 ms, 7 ms and so on. */
const LATENCY_CLASSES = 32;

/** Counts of the messages that are stored (StoreStatsService); one addition each for a batch. */
export class StoreStatsService {
  putMessageTimesTotal = 0;
  putMessageSizeTotal = 0;
  putMessageFailedTimes = 0;
  /** Longest time in milliseconds from the call to the answer. */
  putMessageEntireTimeMax = 0;
  private readonly distribution = CLASSES.map(() => 0);
  private readonly latencies = Array.from({ length: LATENCY_CLASSES + 1 }, () => 0);

  /** Records that lie one behind the other are stored, after so many milliseconds. */
  onStored(records: readonly DispatchRequest[], millis: number): void {
    const messages = records.length;
    const first = records[0]!;
    const last = records.at(-1)!;
    this.putMessageTimesTotal += messages;
    this.putMessageSizeTotal += last.commitLogOffset + last.msgSize - first.commitLogOffset;
    if (millis > this.putMessageEntireTimeMax) this.putMessageEntireTimeMax = millis;
    this.distribution[CLASSES.findIndex(([bound]) => millis <= bound)]! += messages;
    this.latencies[LATENCY_CLASSES - Math.clz32(millis)]! += messages;
  }

  /** By the names that Apache's broker gives them in its runtime information. */
  toRuntimeInfo(): [string, string][] {
    const { putMessageTimesTotal: count, putMessageSizeTotal: size } = this;
    const distribution = CLASSES.map(([, name], i) => `[${name}]:${this.distribution[i]} `).join('');
    return [
      ['putMessageTimesTotal', String(count)],
      ['putMessageSizeTotal', String(size)],
      ['putMessageFailedTimes', String(this.putMessageFailedTimes)],
      ['putMessageEntireTimeMax', String(this.putMessageEntireTimeMax)],
      ['putMessageAverageSize', String(count === 0 ? 0 : size / count)],
      ['putMessageDistributeTime', distribution],
      ['putLatency99', String(this.latencyOf(0.99))],
      ['putLatency999', String(this.latencyOf(0.999))],
    ];
  }

  /** Milliseconds within which the given share of the messages was stored, rounded up to a power of two. */
  private latencyOf(share: number): number {
    let rest = this.putMessageTimesTotal * share;
    const found = this.latencies.findIndex((count) => (rest -= count) <= 0);
    return found <= 0 ? 0 : 2 ** found - 1;
  }
}
