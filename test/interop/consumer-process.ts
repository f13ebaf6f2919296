import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

export interface ConsumerOrder {
  readonly namesrvAddr: string;
  readonly topic: string;
  readonly group: string;
  readonly orderly?: boolean;
  readonly broadcasting?: boolean;
}

export interface Consumed {
  readonly queue: string;
  readonly body: string;
}

export type ConsumerReport = { readonly kind: 'started' } | ({ readonly kind: 'consumed' } & Consumed);

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = fileURLToPath(new URL('consumer-process-main.ts', import.meta.url));
const BOOTSTRAP = `
  import { runnerImport } from 'vite';
  await runnerImport(${JSON.stringify(MAIN)}, { configFile: false, logLevel: 'error' });
  process.send({ kind: 'ready' });
`;

/** A consumer in a process of its own. */
export class ConsumerProcess {
  /** What it consumed, in order. */
  readonly consumed: Consumed[] = [];

  private constructor(
    private readonly child: ChildProcess,
    onConsumed: (line: Consumed) => void,
  ) {
    child.on('message', (line: ConsumerReport) => {
      if (line.kind !== 'consumed') return;
      this.consumed.push(line);
      onConsumed(line);
    });
  }

  /** Ends when the consumer has joined its group. It is killed when the test ends. */
  static async start(
    order: ConsumerOrder,
    onConsumed: (line: Consumed) => void = () => {},
  ): Promise<ConsumerProcess> {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', BOOTSTRAP], {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    await once(child, 'message');
    const consumer = new ConsumerProcess(child, onConsumed);
    const started = new Promise<void>((resolve) =>
      child.on('message', ({ kind }: ConsumerReport) => kind === 'started' && resolve()),
    );
    child.send(order);
    await started;
    return consumer;
  }

  get queues(): Set<string> {
    return new Set(this.consumed.map(({ queue }) => queue));
  }

  async kill(): Promise<void> {
    await this.end(() => this.child.kill('SIGKILL'));
  }

  /** Leaves the group as an application does that ends. */
  async stop(): Promise<void> {
    await this.end(() => this.child.send('stop'));
  }

  private async end(action: () => void): Promise<void> {
    const exited = once(this.child, 'exit');
    action();
    await exited;
  }
}
