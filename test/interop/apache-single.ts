import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../support/virtual-clock.js';

/** Directory with the jars of Apache RocketMQ and all it depends on. */
const jars = process.env['ROCKETMQ_INTEROP_JARS']!;

const OPENS = ['java.lang', 'java.util', 'java.nio', 'sun.nio.ch'].map(
  (name) => `--add-opens=java.base/${name}=ALL-UNNAMED`,
);

export interface ApacheOptions {
  /** Lines of the broker's properties. */
  readonly broker?: Readonly<Record<string, string>>;
  /** System properties of name server and broker. */
  readonly system?: Readonly<Record<string, string>>;
}

/** Name server and broker of Apache on free ports, with options of their own. */
export class ApacheSingle {
  private readonly directory = mkdtempSync(join(tmpdir(), 'rocketmq-apache-'));
  private readonly children: ChildProcess[] = [];
  namesrvAddr!: string;

  static async start(options: ApacheOptions = {}): Promise<ApacheSingle> {
    const apache = new ApacheSingle();
    try {
      await apache.launch(options);
    } catch (error) {
      await apache.stop();
      throw error;
    }
    return apache;
  }

  async stop(): Promise<void> {
    const running = this.children.filter(
      ({ exitCode, signalCode }) => exitCode === null && signalCode === null,
    );
    await Promise.all(
      running.map((child) => {
        child.kill('SIGKILL');
        return once(child, 'exit');
      }),
    );
    rmSync(this.directory, { recursive: true, force: true });
  }

  private async launch({ broker, system = {} }: ApacheOptions): Promise<void> {
    const namesrvPort = await freePort();
    this.namesrvAddr = `127.0.0.1:${namesrvPort}`;
    const namesrv = { bindAddress: '127.0.0.1', listenPort: String(namesrvPort) };
    await this.run('namesrv.NamesrvStartup', namesrv, system);
    const listenPort = await freePort();
    const properties = {
      brokerClusterName: 'DefaultCluster',
      brokerName: 'broker-a',
      brokerId: '0',
      bindAddress: '127.0.0.1',
      brokerIP1: '127.0.0.1',
      listenPort: String(listenPort),
      haListenPort: String(await freePort()),
      namesrvAddr: this.namesrvAddr,
      storePathRootDir: join(this.directory, 'store'),
      flushDiskType: 'ASYNC_FLUSH',
      ...broker,
    };
    await this.run('broker.BrokerStartup', properties, system);
    // It says that it is up before the name server knows of it.
    const log = join(this.directory, 'logs/rocketmqlogs/broker.log');
    const registered = 'Registering current broker to name server completed';
    await eventually(() => existsSync(log) && readFileSync(log, 'utf8').includes(registered), 60_000);
  }

  private async run(
    program: string,
    properties: Readonly<Record<string, string>>,
    system: Readonly<Record<string, string>>,
  ): Promise<void> {
    const file = join(this.directory, `${program}.properties`);
    writeFileSync(
      file,
      Object.entries(properties)
        .map(([name, value]) => `${name}=${value}\n`)
        .join(''),
    );
    const settings = Object.entries({ 'user.home': this.directory, ...system }).map(
      ([k, v]) => `-D${k}=${v}`,
    );
    const memory = ['-Xmx768m', '-XX:MaxDirectMemorySize=512m'];
    const main = ['-cp', `${jars}/*`, `org.apache.rocketmq.${program}`, '-c', file];
    const child = spawn('java', [...memory, ...OPENS, ...settings, ...main], {
      env: { ...process.env, ROCKETMQ_HOME: this.directory },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.children.push(child);
    await booted(child, program);
  }
}

function booted(child: ChildProcess, program: string): Promise<void> {
  let output = '';
  return new Promise((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-10_000);
      if (output.includes('boot success')) resolve();
    };
    child.stdout!.on('data', read);
    child.stderr!.on('data', read);
    child.once('exit', () => reject(new Error(`${program} did not start: ${output}`)));
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
