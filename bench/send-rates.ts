import { LEVELS, type LevelName, type LevelOptions } from './levels.js';
import { closedLoop, median, type LoopResult } from './support/closed-loop.js';
import { withScratch } from './support/scratch.js';

/** Sends per second at one number of messages in flight, at every level. */
export interface SendRow {
  readonly flushDiskType: LevelOptions['flushDiskType'];
  readonly flushDelay: number;
  readonly inFlight: number;
  readonly levels: Readonly<Record<LevelName, LoopResult>>;
}

export interface SendRateOptions {
  readonly flushDiskType: LevelOptions['flushDiskType'];
  readonly flushDelay: number;
  readonly inFlight: readonly number[];
  /** Milliseconds of one run; every run is repeated, and the median counts. */
  readonly millis: number;
  readonly rounds: number;
}

const NAMES = Object.keys(LEVELS) as LevelName[];

/** Measures limit and levels in turn, so that all see the machine in the same state. */
export async function measureSendRates(options: SendRateOptions): Promise<SendRow[]> {
  const rows: SendRow[] = [];
  for (const inFlight of options.inFlight) {
    const runs = new Map(NAMES.map((name): [LevelName, LoopResult[]] => [name, []]));
    for (let round = 0; round < options.rounds; round++) {
      for (const [name, results] of runs) results.push(await run(name, inFlight, options));
    }
    const levels = Object.fromEntries([...runs].map(([name, results]) => [name, medianOf(results)]));
    const { flushDiskType, flushDelay } = options;
    rows.push({ flushDiskType, flushDelay, inFlight, levels: levels as SendRow['levels'] });
  }
  return rows;
}

/** Microseconds that the bare loop needs for a message when it flushes behind: what every message adds to a group commit. */
export async function measureBareCost(inFlight: number, millis: number, rounds: number): Promise<number> {
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++)
    rates.push((await run('limit', inFlight, { flushDiskType: 'ASYNC_FLUSH', flushDelay: 0, millis })).rate);
  return 1e6 / median(rates);
}

function run(
  name: LevelName,
  inFlight: number,
  options: Pick<SendRateOptions, 'flushDiskType' | 'flushDelay' | 'millis'>,
): Promise<LoopResult> {
  return withScratch(async (directory) => {
    const level = await LEVELS[name]({ ...options, directory });
    try {
      await closedLoop(inFlight, options.millis / 4, level.send);
      return await closedLoop(inFlight, options.millis, level.send);
    } finally {
      await level.close();
    }
  });
}

function medianOf(runs: readonly LoopResult[]): LoopResult {
  return {
    count: median(runs.map(({ count }) => count)),
    rate: median(runs.map(({ rate }) => rate)),
    p50: median(runs.map(({ p50 }) => p50)),
    p99: median(runs.map(({ p99 }) => p99)),
  };
}
