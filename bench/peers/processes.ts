import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** Ticks of `/proc/PID/stat` are hundredths of a second on every Linux that Node runs on. */
const MILLIS_PER_TICK = 10;

/** A broker, with the name server that knows it. */
export interface Server {
  readonly broker: MeasuredProcess;
  readonly namesrvAddr: string;
  stop(): Promise<void>;
}

/** A process of which lines are read. */
export class MeasuredProcess {
  private readonly lines: AsyncIterator<string>;

  constructor(
    private readonly child: ChildProcess,
    private readonly name: string,
  ) {
    this.lines = createInterface(child.stdout!)[Symbol.asyncIterator]();
  }

  static start(
    name: string,
    command: string,
    parameters: readonly string[],
    env: NodeJS.ProcessEnv = {},
  ): MeasuredProcess {
    const child = spawn(command, parameters, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    });
    return new MeasuredProcess(child, name);
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

  /** Milliseconds of CPU time so far, of all threads. */
  cpuMillis(): number {
    const stat = readFileSync(`/proc/${this.child.pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * MILLIS_PER_TICK;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill();
    await ended;
  }
}
