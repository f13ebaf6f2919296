import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../lib/common/clock.js';
import { silentLogger } from '../../lib/common/logger.js';
import { TcpTransport } from '../../lib/remoting/transport/tcp-transport.js';
import { TestClient } from '../support/test-client.js';
import { startEngine } from '../support/test-engine.js';

const CONNECTIONS = 10_000;
const KIB = 1024;

/** Node takes as many descriptors as it may. */
const limit = Number(execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' })) || Infinity;
const isPossible = limit >= CONNECTIONS + 500;
const notice = isPossible ? '' : ` (skipped: a process may have ${limit} open files only)`;

/** Opens connections, a few hundred at a time, and says when it has them all. */
const CLIENTS = `
  import { connect } from 'node:net';
  const [port, count] = process.argv.slice(1).map(Number);
  let opened = 0, connected = 0;
  const open = () => {
    if (opened++ >= count) return;
    connect(port, '127.0.0.1').on('connect', () => { if (++connected === count) console.log('connected'); open(); })
      .on('error', (error) => { console.log(String(error)); process.exit(1); })
      .on('close', () => { console.log('closed'); process.exit(1); });
  };
  for (let i = 0; i < 200; i++) open();
`;

describe('an engine', () => {
  it.skipIf(!isPossible)(
    `serves others beside ${CONNECTIONS} idle connections, which take little memory${notice}`,
    async () => {
      const listen = { nameServerPort: 0, listenPort: 0 };
      const engine = await startEngine({ engine: { listen } });
      const inside = await TestClient.open(engine);
      const { brokerAddrs } = (await inside.route('BenchmarkTest')).body!.brokerDatas[0]!;
      const port = brokerAddrs.get(0)!.split(':')[1]!;
      const before = process.memoryUsage().rss;
      const parameters = ['--input-type=module', '-e', CLIENTS, port, String(CONNECTIONS)];
      const child = spawn(process.execPath, parameters, { stdio: ['ignore', 'pipe', 'inherit'] });
      onTestFinished(async () => {
        child.kill('SIGKILL');
        await once(child, 'close');
      });
      const [line] = (await once(child.stdout, 'data')) as [Buffer];
      expect(line.toString().trim()).toBe('connected');

      const client = await TestClient.open({
        namesrvAddrs: engine.namesrvAddrs,
        connect: () => new TcpTransport({ clock: systemClock, logger: silentLogger }),
        close: async () => {},
      });
      for (let i = 0; i < 100; i++) expect((await client.send('t', { queueId: 0 })).code).toBe(0);
      expect(await client.read('t')).toHaveLength(100);
      expect((process.memoryUsage().rss - before) / CONNECTIONS).toBeLessThan(32 * KIB);
      expect(child.exitCode).toBeNull();
    },
    60_000,
  );
});
