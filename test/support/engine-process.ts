import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import type { EngineOptions } from '../../lib/engine/index.js';

const ENGINE = new URL('../../dist/lib/engine/index.js', import.meta.url).href;

/** What the process runs: an engine that listens, and says where. */
const SCRIPT = `
  import { EmbeddedEngine } from ${JSON.stringify(ENGINE)};
  const [storePathRootDir, port, options] = process.argv.slice(1);
  const listen = { nameServerPort: Number(port), listenPort: Number(port) + 3 };
  const engine = new EmbeddedEngine({ ...JSON.parse(options), storePathRootDir, listen });
  await engine.start();
  console.log(engine.listenAddress);
`;

/** An engine in a process of its own, which can be killed. */
export class EngineProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly namesrvAddr: string,
  ) {}

  /** @param port of the name server; the broker's is near. */
  static async start(directory: string, port: number, options: EngineOptions = {}): Promise<EngineProcess> {
    const parameters = [directory, String(port), JSON.stringify(options)];
    const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT, ...parameters], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const exited = once(child, 'exit').then(() => Promise.reject(new Error('The engine did not start')));
    const [line] = (await Promise.race([once(child.stdout, 'data'), exited])) as [Buffer];
    exited.catch(() => {});
    return new EngineProcess(child, line.toString().trim());
  }

  async kill(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }
}
