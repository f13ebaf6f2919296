import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';

/** Directory with the jars of Apache RocketMQ and all it depends on. */
export const JARS = process.env['ROCKETMQ_INTEROP_JARS']!;
const OPENS = [
  '--add-opens=java.base/java.lang=ALL-UNNAMED',
  '--add-opens=java.base/java.util=ALL-UNNAMED',
  '--add-opens=java.base/java.nio=ALL-UNNAMED',
  '--add-opens=java.base/sun.nio.ch=ALL-UNNAMED',
  '--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED',
];
const NAMESRV = 'org.apache.rocketmq.namesrv.NamesrvStartup';
const BROKER = 'org.apache.rocketmq.broker.BrokerStartup';
const ATTEMPTS = 10;
const run = promisify(execFile);

/** A directory of its own, until the test ends. */
export function workDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'rocketmq-interop-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
  return directory;
}

/** Below the ports that the kernel gives to others, with room for those that a broker has besides (-2, +1). */
const somePort = () => 12_000 + 8 * Math.floor(Math.random() * 2000);

/** A name server or broker of Apache RocketMQ, in a process that can be killed. */
export class ApacheProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
  ) {}

  static namesrv(): Promise<ApacheProcess> {
    return ApacheProcess.start(NAMESRV, (listenPort) => ({ listenPort }));
  }

  /** `properties`: what is not as usual; `storePathRootDir` is a directory of its own by default. */
  static broker(namesrvAddr: string, properties: Record<string, unknown> = {}): Promise<ApacheProcess> {
    const usual = {
      brokerClusterName: 'DefaultCluster',
      brokerName: 'broker-a',
      brokerId: 0,
      brokerIP1: '127.0.0.1',
      namesrvAddr,
      storePathRootDir: join(workDirectory(), 'store'),
      flushDiskType: 'ASYNC_FLUSH',
    };
    return ApacheProcess.start(BROKER, (listenPort) => ({
      ...usual,
      listenPort,
      haListenPort: listenPort + 1,
      ...properties,
    }));
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Ends it, by default in the middle of whatever it does. */
  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill(signal);
    await exited;
  }

  private static async start(
    main: string,
    propertiesAt: (port: number) => Record<string, unknown>,
  ): Promise<ApacheProcess> {
    for (let attempt = 1; ; attempt++) {
      const port = somePort();
      try {
        return await ApacheProcess.launch(main, port, propertiesAt(port));
      } catch (error) {
        if (attempt === ATTEMPTS) throw error;
      }
    }
  }

  private static async launch(
    main: string,
    port: number,
    properties: Record<string, unknown>,
  ): Promise<ApacheProcess> {
    const home = workDirectory();
    mkdirSync(join(home, 'conf'));
    const file = join(home, 'conf', 'process.properties');
    const lines = Object.entries({ bindAddress: '127.0.0.1', ...properties });
    writeFileSync(file, lines.map(([key, value]) => `${key}=${String(value)}\n`).join(''));
    const memory = ['-Xmx512m', '-XX:MaxDirectMemorySize=512m', `-Duser.home=${home}`];
    const child = spawn('java', [...OPENS, ...memory, '-cp', `${JARS}/*`, main, '-c', file], {
      env: { ...process.env, ROCKETMQ_HOME: home },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const apache = new ApacheProcess(child, port);
    onTestFinished(() => apache.end());
    await booted(child);
    return apache;
  }
}

async function booted(child: ChildProcess): Promise<void> {
  let output = '';
  await new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      if (output.includes('boot success')) resolve();
    };
    child.stdout!.on('data', read);
    child.stderr!.on('data', read);
    child.once('exit', () => reject(new Error(`Apache RocketMQ did not start:\n${output}`)));
  });
}

/** Compiles a program of `java/`, runs it, and returns the lines that it printed. */
export async function runJava(program: string, ...parameters: readonly string[]): Promise<string[]> {
  const directory = workDirectory();
  const source = new URL(`./java/${program}.java`, import.meta.url).pathname;
  await run('javac', ['-d', directory, '-cp', `${JARS}/*`, source]);
  const classPath = ['-cp', `${directory}:${JARS}/*`];
  const { stdout } = await run(
    'java',
    [...OPENS, `-Duser.home=${directory}`, ...classPath, program, ...parameters],
    { maxBuffer: 64 * 1024 * 1024 },
  );
  return stdout.split('\n').filter((line) => line !== '');
}
