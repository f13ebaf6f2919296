import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { MessageStoreConfig } from '../../lib/engine/store/message-store-config.js';
import type { Ledger, Order } from './store-process-protocol.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MAIN = fileURLToPath(new URL('store-process-main.ts', import.meta.url));
/** Runs the sources as they are, so that no build is needed and none can be out of date; those in CommonJS need `require`. */
const BOOTSTRAP = `
  import { createRequire } from 'node:module';
  import { runnerImport } from 'vite';
  globalThis.require = createRequire(${JSON.stringify(MAIN)});
  await runnerImport(${JSON.stringify(MAIN)}, { configFile: false, logLevel: 'error' });
  process.send({ kind: 'ready' });
`;

/** A process of its own with a store on a directory of this machine. */
export class StoreProcess {
  readonly acknowledged: string[] = [];
  refusal: { readonly message: string; readonly ownerPid?: number } | undefined;
  isOpen = false;

  private constructor(private readonly child: ChildProcess) {
    child.on('message', (line: Ledger) => {
      if (line.kind === 'acknowledged') this.acknowledged.push(line.id);
      else if (line.kind === 'refused') this.refusal = line;
      else if (line.kind === 'opened') this.isOpen = true;
    });
  }

  /** Starts a process that can open a store. */
  static async start(): Promise<StoreProcess> {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', BOOTSTRAP], {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    await once(child, 'message');
    return new StoreProcess(child);
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Opens the store; ends when the process says whether it could. */
  async open(config: Partial<MessageStoreConfig>, load?: string): Promise<void> {
    const order: Order = load === undefined ? { config } : { config, load };
    this.child.send(order);
    await once(this.child, 'message');
  }

  /** Ends it in the middle of whatever it does. */
  async kill(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }
}
