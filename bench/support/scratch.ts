import { mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Where benchmarks write: the disk under test. */
const SCRATCH = resolve(process.env.BENCH_DIR ?? '.');

/** Runs `work` with a directory of its own, which is deleted afterwards, also when the process is asked to end. */
export async function withScratch<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(SCRATCH, '.bench-'));
  const remove = (): void => rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  process.once('exit', remove);
  try {
    return await work(directory);
  } finally {
    process.off('exit', remove);
    remove();
  }
}
