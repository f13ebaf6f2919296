import cluster from 'node:cluster';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { freePort } from '../support/free-port.js';
import { temporaryDirectory } from '../support/test-store.js';

const ENGINE = new URL('../../dist/lib/engine/index.js', import.meta.url).href;

/** What a worker runs: an engine that listens, and says whether it does. */
const SCRIPT = `
  import { EmbeddedEngine } from ${JSON.stringify(ENGINE)};
  const engine = new EmbeddedEngine(JSON.parse(process.env.ENGINE_OPTIONS));
  process.send(await engine.start().then(() => 'listens', String));
`;

/** What it says, with a directory of its own. */
async function startWorker(port: number): Promise<string> {
  const listen = { nameServerPort: port, listenPort: port + 3 };
  const options = { storePathRootDir: temporaryDirectory(), listen };
  const worker = cluster.fork({ ENGINE_OPTIONS: JSON.stringify(options) });
  onTestFinished(() => void worker.process.kill('SIGKILL'));
  const [said] = (await once(worker, 'message')) as [string];
  return said;
}

it('an engine in a worker of node:cluster does not share its ports with those of other workers', async () => {
  cluster.setupPrimary({ exec: '-', execArgv: ['--input-type=module', '--eval', SCRIPT] });
  const port = await freePort();
  expect(await startWorker(port)).toBe('listens');
  expect(await startWorker(port)).toContain(`Cannot listen on 127.0.0.1:${port + 3} (listen EADDRINUSE`);
});
