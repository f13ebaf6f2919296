import { monitorEventLoopDelay } from 'node:perf_hooks';
import { quantile } from './closed-loop.js';

/** How long something that is due has to wait for the event loop, in milliseconds. */
export interface LoopDelay {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** The 99th percentile of `monitorEventLoopDelay({ resolution: 1 })`, which is a millisecond where nothing delays it. */
  readonly monitorP99: number;
  /** Share of the time in which the loop was not idle. */
  readonly utilization: number;
}

/**
 * Watches the event loop of this process until the returned function is called. Every millisecond something is due, and what comes
 * due while the loop is held up waits for it too. A timer by itself would count a hold-up of 100 ms once. Timers of
 * Node have a grain of a millisecond, so a loop that does nothing shows half of one.
 */
export function watchLoop(): () => LoopDelay {
  const delays: number[] = [];
  const monitor = monitorEventLoopDelay({ resolution: 1 });
  const before = performance.eventLoopUtilization();
  let due = performance.now() + 1;
  const look = (): void => {
    for (const now = performance.now(); due <= now; due++) delays.push(now - due);
  };
  const interval = setInterval(look, 1);
  monitor.enable();
  return () => {
    clearInterval(interval);
    monitor.disable();
    const sorted = Float64Array.from(delays).sort();
    return {
      p50: quantile(sorted, 0.5),
      p99: quantile(sorted, 0.99),
      max: sorted.at(-1) ?? Number.NaN,
      monitorP99: monitor.percentile(99) / 1e6,
      utilization: performance.eventLoopUtilization(before).utilization,
    };
  };
}
