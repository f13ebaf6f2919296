import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../lib/common/clock.js';
import { silentLogger } from '../../lib/common/logger.js';
import { TcpTransport } from '../../lib/remoting/transport/tcp-transport.js';
import { TestEngine } from '../support/test-engine.js';
import { describeConformance } from './conformance.js';
import { TRANSACTION_TIMES } from './transaction.suite.js';

describeConformance('over TCP', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'rocketmq-conformance-'));
  const listen = { nameServerPort: 0, listenPort: 0 };
  const engine = new TestEngine(directory, {
    engine: { mappedFileSizeCommitLog: 16 * 1024 * 1024, listen, ...TRANSACTION_TIMES },
  });
  await engine.start();
  return {
    namesrvAddrs: engine.namesrvAddrs,
    connect: () => new TcpTransport({ clock: systemClock, logger: silentLogger }),
    close: async () => {
      await engine.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
});
