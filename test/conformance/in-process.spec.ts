import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestEngine } from '../support/test-engine.js';
import { describeConformance } from './conformance.js';
import { TRANSACTION_TIMES } from './transaction.suite.js';

describeConformance('in process', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'rocketmq-conformance-'));
  const engine = new TestEngine(directory, {
    engine: { mappedFileSizeCommitLog: 16 * 1024 * 1024, ...TRANSACTION_TIMES },
  });
  await engine.start();
  return {
    namesrvAddrs: engine.namesrvAddrs,
    connect: () => engine.connect(),
    close: async () => {
      await engine.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
});
