/** How a closed loop went: a fixed number of operations under way, each replaced when it ends. */
export interface LoopResult {
  readonly count: number;
  /** Operations per second. */
  readonly rate: number;
  /** Latencies in microseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** Begins one operation, and calls `done` when it has ended. */
export type Operation = (done: () => void) => void;

/** One operation in so many is timed, so that timing does not become what is measured. */
const SAMPLE_EVERY = 16;

/** Keeps `inFlight` operations under way for `millis`. */
export function closedLoop(inFlight: number, millis: number, operation: Operation): Promise<LoopResult> {
  return new Promise((resolve) => {
    const latencies: number[] = [];
    const startedAt = performance.now();
    const endAt = startedAt + millis;
    let begun = 0;
    let ended = 0;
    let isOver = false;
    const begin = (): void => {
      const isSampled = begun++ % SAMPLE_EVERY === 0 || inFlight === 1;
      const begunAt = isSampled ? performance.now() : 0;
      operation(() => {
        ended++;
        if (isSampled) latencies.push((performance.now() - begunAt) * 1000);
        if ((ended & 63) === 0 || inFlight < 64) isOver ||= performance.now() > endAt;
        if (!isOver) begin();
        else if (ended === begun) resolve(summarize(ended, performance.now() - startedAt, latencies));
      });
    };
    for (let i = 0; i < inFlight; i++) begin();
  });
}

function summarize(count: number, millis: number, latencies: number[]): LoopResult {
  const sorted = Float64Array.from(latencies).sort();
  return { count, rate: (count * 1000) / millis, p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) };
}

/** Of sorted numbers. */
export function quantile(sorted: Float64Array, q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const middle = quantile(sorted, 0.5);
  return sorted.length % 2 === 1 ? middle : ((sorted[sorted.length / 2 - 1] ?? Number.NaN) + middle) / 2;
}
