import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { EngineOptions } from '../../lib/engine/index.js';

const ENGINE = new URL('../../dist/lib/engine/index.js', import.meta.url).href;

/** What the process runs: an engine that listens, and says where. */
const SCRIPT = `
  import { EmbeddedEngine } from ${JSON.stringify(ENGINE)};
  const [storePathRootDir, nameServerPort, listenPort, options] = process.argv.slice(1);
  const listen = { nameServerPort: Number(nameServerPort), listenPort: Number(listenPort) };
  const engine = new EmbeddedEngine({ ...JSON.parse(options), storePathRootDir, listen });
  await engine.start();
  console.log(engine.listenAddress);
`;

/** An engine in a process of its own, which can be killed. */
export class EngineProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly namesrvAddr: string,
    /** Of name server and broker. */
    readonly ports: readonly [number, number],
  ) {}

  static async start(
    directory: string,
    ports: readonly [number, number],
    options: EngineOptions = {},
  ): Promise<EngineProcess> {
    const parameters = [directory, ...ports.map(String), JSON.stringify(options)];
    const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT, ...parameters], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit').then(() => Promise.reject(new Error('The engine did not start')));
    const [line] = (await Promise.race([once(child.stdout, 'data'), exited])) as [Buffer];
    exited.catch(() => {});
    return new EngineProcess(child, line.toString().trim(), ports);
  }

  async kill(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }
}
