import { describe, it } from 'vitest';
import { DamageFuzz } from './damage-fuzz.js';

/** `DAMAGE_FUZZ_SEED=n` repeats one run, `DAMAGE_FUZZ_RUNS=n` makes more of them. */
const FIRST_SEED = Number(process.env['DAMAGE_FUZZ_SEED'] ?? 1);
const RUNS = Number(
  process.env['DAMAGE_FUZZ_RUNS'] ?? (process.env['DAMAGE_FUZZ_SEED'] === undefined ? 20 : 1),
);

/** Milliseconds for a test: more runs than usual take longer. */
const TIMEOUT = 20_000 + RUNS * 1000;

const TARGETS = {
  'the commit log': /commitlog/,
  'ConsumeQueues, index, checkpoint and tables': /consumequeue|index|checkpoint|config/,
  'any file': /./,
} as const;

describe('a store whose files are damaged', { timeout: TIMEOUT }, () => {
  for (const [name, target] of Object.entries(TARGETS)) {
    for (const enabledAppendPropCRC of [true, false]) {
      it(`loses only what was damaged in ${name}${enabledAppendPropCRC ? '' : ', without record checksums'}`, async () => {
        for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
          const run = new DamageFuzz(seed, { enabledAppendPropCRC }, target);
          try {
            await run.run();
          } catch (error) {
            const history = run.history.slice(-40).join('\n  ');
            const lines = run.logger.lines.slice(-20).join('\n  ');
            throw new Error(`DAMAGE_FUZZ_SEED=${seed} fails after\n  ${history}\nand logged\n  ${lines}`, {
              cause: error,
            });
          }
        }
      });
    }
  }
});
