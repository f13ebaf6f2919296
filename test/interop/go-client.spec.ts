import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { TRANSACTION_TIMES } from '../conformance/transaction.suite.js';
import { TestClient } from '../support/test-client.js';
import { startEngine } from '../support/test-engine.js';
import { workDirectory } from './java.js';

const run = promisify(execFile);

/** What the program of `go/` says of each of its parts. */
const PARTS = [
  ...['create topic', 'send', 'send otherwise'],
  ...['concurrent', 'tags', 'sql', 'orderly', 'others', 'broadcasting', 'poll'],
  ...['transactions', 'delete topic'],
];

const cwd = fileURLToPath(new URL('go', import.meta.url));

/** Whether there is Go, and the client can be had. */
const canFetch = () =>
  run('go', ['mod', 'download'], { cwd }).then(
    () => true,
    () => false,
  );

it('the official client in Go works on the engine', { timeout: 600_000 }, async ({ skip }) => {
  skip(!(await canFetch()), 'there is no Go, or the client cannot be fetched');
  // Its offsets of broadcasting groups are in the home directory.
  const home = workDirectory();
  const program = join(home, 'interop');
  await run('go', ['build', '-o', program, '.'], { cwd });
  const engine = await startEngine({
    engine: {
      listen: { nameServerPort: 0, listenPort: 0 },
      enablePropertyFilter: true,
      ...TRANSACTION_TIMES,
    },
  });
  const { brokerAddr } = await TestClient.open(engine);
  const parameters = [engine.namesrvAddrs[0]!, brokerAddr];
  const running = run(program, parameters, { env: { ...process.env, HOME: home } });
  onTestFinished(() => void running.child.kill('SIGKILL'));
  const { stdout } = await running;
  expect(stdout.trim().split('\n')).toEqual(PARTS.map((part) => `worked: ${part}`));
});
