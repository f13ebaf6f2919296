import { mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Where benchmarks write: the disk under test. */
const SCRATCH = resolve(process.env.BENCH_DIR ?? '.');

/** Runs `work` with a directory of its own, which is deleted afterwards. */
export async function withScratch<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(SCRATCH, '.bench-'));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
