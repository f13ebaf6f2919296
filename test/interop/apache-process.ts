import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { javaArguments, workDirectory, type SystemProperties, type Until } from './java.js';

const NAMESRV = 'org.apache.rocketmq.namesrv.NamesrvStartup';
const BROKER = 'org.apache.rocketmq.broker.BrokerStartup';
const START_TIMEOUT = 120_000;

export type Properties = Readonly<Record<string, string | number | boolean>>;

export interface ApacheOptions {
  /** What is not as usual in the file that the process reads. */
  readonly properties?: Properties;
  readonly system?: SystemProperties;
  /** How long the process and what it wrote are there: by default until the test ends. */
  readonly until?: Until;
}

/** A name server or broker of Apache RocketMQ on free loopback ports, which can be killed and started again. */
export class ApacheProcess {
  private child: ChildProcess | undefined;

  private constructor(
    readonly port: number,
    private readonly main: string,
    private readonly directory: string,
    private readonly properties: Properties,
    private readonly system: SystemProperties | undefined,
  ) {}

  static namesrv(options: ApacheOptions = {}): Promise<ApacheProcess> {
    return ApacheProcess.create(NAMESRV, {}, options);
  }

  /** It is registered with its name server. Its store is a directory of its own, unless `properties` say otherwise. */
  static broker(namesrvAddr: string, options: ApacheOptions = {}): Promise<ApacheProcess> {
    const usual = {
      brokerClusterName: 'DefaultCluster',
      brokerName: 'broker-a',
      brokerId: 0,
      brokerIP1: '127.0.0.1',
      brokerIP2: '127.0.0.1',
      namesrvAddr,
      flushDiskType: 'ASYNC_FLUSH',
    };
    return ApacheProcess.create(BROKER, usual, options);
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Starts it once more, on its store and port. */
  async start(): Promise<void> {
    const home = mkdtempSync(join(this.directory, 'home-'));
    const file = join(home, 'process.properties');
    const lines = Object.entries(this.properties).map(([key, value]) => `${key}=${value}\n`);
    writeFileSync(file, lines.join(''));
    const command = javaArguments(home, this.main, { system: this.system });
    this.child = spawn('java', [...command, '-c', file], {
      env: { ...process.env, ROCKETMQ_HOME: home },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    await printed(this.child, 'boot success');
    if (this.main === BROKER) await registered(home);
  }

  /** Ends it, by default in the middle of whatever it does. */
  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const { child } = this;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }

  private static async create(main: string, usual: Properties, options: ApacheOptions) {
    const { properties, system, until = onTestFinished } = options;
    const directory = workDirectory(until);
    const port = await freePort();
    const ports = { bindAddress: '127.0.0.1', listenPort: port, haListenPort: port + 1 };
    const all = { storePathRootDir: join(directory, 'store'), ...ports, ...usual, ...properties };
    const apache = new ApacheProcess(port, main, directory, all, system);
    until(() => apache.end());
    await apache.start();
    return apache;
  }
}

/** Waits until a process says that it is up. */
export async function printed(child: ChildProcess, text: string): Promise<void> {
  let output = '';
  await new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-10_000);
      if (output.includes(text)) resolve();
    };
    child.stdout!.on('data', read);
    child.stderr!.on('data', read);
    child.once('exit', () => reject(new Error(`Apache RocketMQ did not start:\n${output}`)));
  });
}

/** A broker may say that it is up before its name server knows it. */
async function registered(home: string): Promise<void> {
  const log = join(home, 'logs/rocketmqlogs/broker.log');
  const line = 'Registering current broker to name server completed';
  await eventually(() => existsSync(log) && readFileSync(log, 'utf8').includes(line), START_TIMEOUT);
}
