import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { eventually } from './eventually.js';

const MAIN = fileURLToPath(new URL('../../dist/lib/cli/main.js', import.meta.url));

/** The built command line in a process of its own. */
export class CliProcess {
  stdout = '';
  stderr = '';
  private readonly exited: Promise<unknown>;

  private constructor(private readonly child: ChildProcess) {
    child.stdout!.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    child.stderr!.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.exited = once(child, 'close');
    onTestFinished(() => void child.kill('SIGKILL'));
  }

  static start(parameters: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): CliProcess {
    const { NAMESRV_ADDR: _, ...inherited } = process.env;
    return new CliProcess(
      spawn(process.execPath, [MAIN, ...parameters], { cwd, env: { ...inherited, ...env } }),
    );
  }

  /** Waits for a text on standard output, or the end. */
  async printed(text: string): Promise<void> {
    await eventually(() => this.stdout.includes(text) || this.child.exitCode !== null, 15_000);
    if (!this.stdout.includes(text)) throw new Error(`It ended with ${this.child.exitCode}: ${this.stderr}`);
  }

  /** Waits for the end; the exit code. */
  async end(signal?: NodeJS.Signals): Promise<number | null> {
    if (signal !== undefined) this.child.kill(signal);
    await this.exited;
    return this.child.exitCode;
  }
}
