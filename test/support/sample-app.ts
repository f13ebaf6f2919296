import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const MAIN = fileURLToPath(new URL('../../dist/sample-app/main.js', import.meta.url));

/** The sample application as a process of its own, on a port of its own choice. */
export class SampleApp {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {}

  /** Starts the built application, and waits until it serves. It is killed when the test ends. */
  static async start(dataDirectory: string): Promise<SampleApp> {
    const env = { ...process.env, PORT: '0', SHOP_DATA: dataDirectory, NO_COLOR: '1' };
    const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'ignore'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    const lines = createInterface({ input: child.stdout });
    const url = await new Promise<string>((resolve, reject) => {
      const output: string[] = [];
      lines.on('line', (line) => {
        output.push(line);
        const match = /is open at (\S+)/.exec(line);
        if (match) resolve(match[1]!);
      });
      child.once('exit', (code) =>
        reject(new Error(`The sample application ended with ${code}:\n${output.join('\n')}`)),
      );
    });
    return new SampleApp(child, url);
  }

  /** Ends it as a power switch would, as far as the process is concerned. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Ends it as an operator would, and waits until it has. */
  async stop(): Promise<void> {
    await this.end('SIGTERM');
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill(signal);
    await exited;
  }
}
