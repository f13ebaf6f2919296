import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { usageOf } from './process-usage.js';

/** A process that runs a part of the benchmark, so that what is resident is this part's alone. It answers with messages. */
export class Forked {
  private readonly answers: unknown[] = [];

  private constructor(private readonly child: ChildProcess) {
    child.on('message', (answer) => this.answers.push(answer));
  }

  /** Runs the module `url` as {@link runForked} does it there. */
  static start(url: string, role: string, ...parameters: readonly (string | number)[]): Forked {
    const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const;
    return new Forked(fork(fileURLToPath(url), [role, ...parameters.map(String)], { stdio: [...stdio] }));
  }

  /** The next answer. */
  async next<T>(): Promise<T> {
    while (this.answers.length === 0) {
      if (this.child.exitCode !== null) throw new Error('The process of the benchmark ended early');
      await Promise.race([once(this.child, 'message'), once(this.child, 'exit')]);
    }
    return this.answers.shift() as T;
  }

  /** Bytes that were resident at most so far. */
  get resident(): number {
    return usageOf(this.child.pid!).resident;
  }

  /** Milliseconds of CPU time so far. */
  get cpuMillis(): number {
    return usageOf(this.child.pid!).cpuMillis;
  }

  /** Lets it go on where it waits in {@link untilTold}. */
  tell(): void {
    this.child.send('');
  }

  /** Ends it in the middle of what it does. */
  async kill(): Promise<void> {
    await this.ended(() => this.child.kill('SIGKILL'));
  }

  /** Lets it exit. */
  async end(): Promise<void> {
    await this.ended(() => this.child.disconnect());
  }

  private async ended(how: () => void): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    how();
    await exited;
  }
}

/** What a module does when it is started by {@link Forked.start}; nothing in the process of the benchmark itself. */
export async function runForked(
  url: string,
  roles: Readonly<Record<string, (...parameters: string[]) => Promise<unknown>>>,
): Promise<void> {
  const [role, ...parameters] = process.argv.slice(2);
  if (process.argv[1] !== fileURLToPath(url) || process.send === undefined) return;
  process.once('disconnect', () => process.exit(0));
  process.send((await roles[role!]!(...parameters)) ?? null);
}

export async function untilTold(): Promise<void> {
  await once(process, 'message');
}
