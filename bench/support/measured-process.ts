import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { usageOf, type Usage } from './process-usage.js';

/** What a process has to end in when it is asked to; then it is killed. */
const STOP_TIMEOUT = 20_000;

/** A process of which lines are read. It has a process group of its own, of which nothing outlives the benchmark. */
export class MeasuredProcess {
  private static readonly running = new Set<MeasuredProcess>();

  private readonly lines: AsyncIterator<string>;

  private constructor(
    private readonly child: ChildProcess,
    private readonly name: string,
  ) {
    this.lines = createInterface(child.stdout!)[Symbol.asyncIterator]();
    if (MeasuredProcess.running.size === 0) killAllAtExit();
    MeasuredProcess.running.add(this);
    child.once('error', (error) => console.error(`${name} could not be started: ${error.message}`));
    child.once('exit', () => this.kill());
  }

  /** @param errors a file for what it writes to standard error, where that is not for who measures. */
  static start(
    name: string,
    command: string,
    parameters: readonly string[],
    env: NodeJS.ProcessEnv = {},
    errors?: string,
  ): MeasuredProcess {
    const stderr = errors === undefined ? 'inherit' : openSync(errors, 'a');
    const child = spawn(command, parameters, {
      stdio: ['pipe', 'pipe', stderr],
      env: { ...process.env, ...env },
      detached: true,
    });
    if (stderr !== 'inherit') closeSync(stderr);
    return new MeasuredProcess(child, name);
  }

  static killAll(): void {
    for (const started of MeasuredProcess.running) started.kill();
  }

  /** Writes a line to its standard input. */
  tell(line: string): void {
    this.child.stdin!.write(`${line}\n`);
  }

  /** Reads lines until one has `text`; undefined at the end of the output. */
  async lineWith(text: string): Promise<string | undefined> {
    for (;;) {
      const { done, value } = await this.lines.next();
      if (done === true) return undefined;
      if ((value as string).includes(text)) return value as string;
    }
  }

  /** As {@link lineWith}, where there must be such a line. */
  async expectLine(text: string): Promise<string> {
    const line = await this.lineWith(text);
    if (line === undefined) throw new Error(`${this.name} ended without "${text}"`);
    return line;
  }

  /** Of the process and those that it started. */
  usage(): Usage {
    return usageOf(this.child.pid!);
  }

  /** Waits until it has ended, and throws unless that was by itself and without an error. */
  async expectSuccess(): Promise<void> {
    if (!this.hasEnded()) await new Promise((resolve) => this.child.once('exit', resolve));
    const { exitCode, signalCode } = this.child;
    if (exitCode !== 0) throw new Error(`${this.name} ended with ${signalCode ?? `code ${exitCode}`}`);
  }

  hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  async stop(): Promise<void> {
    if (this.hasEnded()) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill();
    const timeout = setTimeout(() => this.kill(), STOP_TIMEOUT);
    await ended;
    clearTimeout(timeout);
  }

  /** Ends the whole group at once. */
  kill(): void {
    MeasuredProcess.running.delete(this);
    try {
      process.kill(-this.child.pid!, 'SIGKILL');
    } catch {
      // Nobody of the group is left.
    }
  }
}

let isPrepared = false;

function killAllAtExit(): void {
  if (isPrepared) return;
  isPrepared = true;
  process.once('exit', () => MeasuredProcess.killAll());
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
}
