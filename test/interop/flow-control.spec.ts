import { describe, expect, it } from 'vitest';
import { slowDisk } from '../../bench/support/slow-disk.js';
import { startEngine } from '../support/test-engine.js';
import { JARS, runJava } from './java.js';

/** Milliseconds that a flush takes: longer than a send waits for the store. */
const FLUSH_DELAY = 500;

describe('a disk that is slower than the Java client sends', () => {
  it('makes the engine refuse as Apache does, and sending resumes', { timeout: 120_000 }, async () => {
    const engine = await startEngine({
      fileSystem: slowDisk(FLUSH_DELAY),
      engine: {
        flushDiskType: 'SYNC_FLUSH',
        listen: { nameServerPort: 0, listenPort: 0 },
        maxPendingMessages: 1,
      },
    });
    expect(await runJava('Busy', { jars: JARS }, engine.namesrvAddrs[0]!)).toEqual([
      'worked: refuse',
      'worked: resume',
    ]);
  });
});
