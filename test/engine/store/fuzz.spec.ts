import { describe, it } from 'vitest';
import { StoreFuzz, type FuzzOptions } from './store-fuzz.js';

/** `STORE_FUZZ_SEED=n` repeats one run, `STORE_FUZZ_RUNS=n` makes more of them. */
const FIRST_SEED = Number(process.env['STORE_FUZZ_SEED'] ?? 1);
const RUNS = Number(
  process.env['STORE_FUZZ_RUNS'] ?? (process.env['STORE_FUZZ_SEED'] === undefined ? 40 : 1),
);

/** Milliseconds for a test: more runs than usual take longer. */
const TIMEOUT = 20_000 + RUNS * 1000;

async function fuzz(options: FuzzOptions): Promise<void> {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
    const run = new StoreFuzz(seed, options);
    try {
      await run.run();
    } catch (error) {
      const history = run.history.slice(-40).join('\n  ');
      throw new Error(`STORE_FUZZ_SEED=${seed} ${JSON.stringify(options)} fails after\n  ${history}`, {
        cause: error,
      });
    }
  }
}

describe('a store to which anything may happen', { timeout: TIMEOUT }, () => {
  for (const flushDiskType of ['SYNC_FLUSH', 'ASYNC_FLUSH'] as const) {
    it(`keeps what it acknowledged over closing and kill -9 (${flushDiskType})`, () =>
      fuzz({ flushDiskType, steps: 80 }));
    it(`keeps what it acknowledged over power cuts (${flushDiskType})`, () =>
      fuzz({ flushDiskType, steps: 80, powerLoss: true }));
    it(`keeps what has not expired (${flushDiskType})`, () =>
      fuzz({ flushDiskType, steps: 80, powerLoss: true, expiry: true }));
    it(`keeps what it acknowledged on a failing disk (${flushDiskType})`, () =>
      fuzz({ flushDiskType, steps: 80, powerLoss: true, faults: true }));
  }
});
