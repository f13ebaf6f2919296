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
  private distribution = zeros(CLASSES.length);
  private latencies = zeros(LATENCY_CLASSES + 1);
  private lastDistribution = this.distribution;
  private lastLatencies = this.latencies;

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

  /** Once a minute: what is told of times are those of the last one, as a disk that is slow now shows in no average of days. */
  nextMinute(): void {
    this.lastDistribution = this.distribution;
    this.lastLatencies = this.latencies;
    this.distribution = zeros(CLASSES.length);
    this.latencies = zeros(LATENCY_CLASSES + 1);
  }

  /** By the names that Apache's broker gives them in its runtime information. */
  toRuntimeInfo(): [string, string][] {
    const { putMessageTimesTotal: count, putMessageSizeTotal: size } = this;
    const distribution = CLASSES.map(([, name], i) => `[${name}]:${this.lastDistribution[i]} `).join('');
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

  /** Milliseconds within which the given share of the last minute's messages was stored, rounded up to a power of two. */
  private latencyOf(share: number): number {
    const { lastLatencies } = this;
    let rest = lastLatencies.reduce((sum, count) => sum + count) * share;
    const found = lastLatencies.findIndex((count) => (rest -= count) <= 0);
    return found <= 0 ? 0 : 2 ** found - 1;
  }
}

function zeros(length: number): number[] {
  return Array.from({ length }, () => 0);
}
