import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../lib/common/clock.js';
import { silentLogger } from '../../lib/common/logger.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import { TcpTransport } from '../../lib/remoting/transport/tcp-transport.js';
import { invoke } from '../../lib/remoting/transport/transport.js';

const JARS = process.env['ROCKETMQ_INTEROP_JARS']!;
const START_TIMEOUT = 120_000;
/** What Apache's start script opens for it. */
const JVM_OPTIONS = [
  ...['java.lang', 'java.util', 'java.nio', 'sun.nio.ch'].map(
    (name) => `--add-opens=java.base/${name}=ALL-UNNAMED`,
  ),
  '--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED',
  '-XX:MaxDirectMemorySize=512m',
  '-XX:TieredStopAtLevel=1',
  '-XX:+UseSerialGC',
];

export type Topology = 'single' | '2m-2s-sync';
type Properties = Readonly<Record<string, string | number | boolean>>;

interface MemberPlan {
  readonly name: string;
  readonly brokerName: string;
  readonly brokerId: number;
  readonly brokerRole: string;
}

const plan = (brokerName: string, brokerId: number, brokerRole: string): MemberPlan => {
  return { name: brokerId === 0 ? brokerName : `${brokerName}-s`, brokerName, brokerId, brokerRole };
};

const TOPOLOGIES: Readonly<Record<Topology, readonly MemberPlan[]>> = {
  single: [plan('broker-a', 0, 'ASYNC_MASTER')],
  '2m-2s-sync': [
    plan('broker-a', 0, 'SYNC_MASTER'),
    plan('broker-b', 0, 'SYNC_MASTER'),
    plan('broker-a', 1, 'SLAVE'),
    plan('broker-b', 1, 'SLAVE'),
  ],
};

interface Member {
  readonly address: string;
  readonly className: string;
  readonly propertiesFile: string;
  child: ChildProcess | undefined;
}

/** A real Apache RocketMQ on free loopback ports: a name server, and brokers that a test can kill and start again. */
export class ApacheCluster {
  private readonly directory = mkdtempSync(join(tmpdir(), 'apache-rocketmq-'));
  private readonly members = new Map<string, Member>();
  private readonly transport = new TcpTransport({ clock: systemClock, logger: silentLogger });

  private constructor() {}

  /** `properties` go into the configuration of every broker. */
  static async start(topology: Topology, properties: Properties = {}): Promise<ApacheCluster> {
    const cluster = new ApacheCluster();
    try {
      await cluster.startAll(TOPOLOGIES[topology], properties);
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return cluster;
  }

  get namesrvAddr(): string {
    return this.addressOf('namesrv');
  }

  /** `namesrv`, `broker-a`, or `broker-a-s` for the slave of broker-a. */
  addressOf(name: string): string {
    return this.members.get(name)!.address;
  }

  /** Returns when the process is gone. */
  async kill(name: string, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const member = this.members.get(name)!;
    const { child } = member;
    member.child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }

  /** Starts a member again, on its own store and port, and returns when the name server knows it. */
  async restart(name: string): Promise<void> {
    await this.launch(name);
    await this.untilRegistered();
  }

  async close(): Promise<void> {
    this.transport.close();
    await Promise.all([...this.members.keys()].map((name) => this.kill(name)));
    rmSync(this.directory, { recursive: true, force: true });
  }

  private async startAll(plans: readonly MemberPlan[], properties: Properties): Promise<void> {
    const port = await freePort();
    this.add('namesrv', port, 'org.apache.rocketmq.namesrv.NamesrvStartup', {
      bindAddress: '127.0.0.1',
      listenPort: port,
    });
    await this.launch('namesrv');
    for (const member of plans) await this.addBroker(member, properties);
    await Promise.all(plans.map(({ name }) => this.launch(name)));
    await this.untilRegistered();
  }

  private async addBroker({ name, ...identity }: MemberPlan, properties: Properties): Promise<void> {
    const listenPort = await freePort();
    this.add(name, listenPort, 'org.apache.rocketmq.broker.BrokerStartup', {
      brokerClusterName: 'DefaultCluster',
      ...identity,
      bindAddress: '127.0.0.1',
      brokerIP1: '127.0.0.1',
      brokerIP2: '127.0.0.1',
      listenPort,
      haListenPort: listenPort + 1,
      namesrvAddr: this.namesrvAddr,
      storePathRootDir: join(this.directory, `store-${name}`),
      mappedFileSizeCommitLog: 64 * 1024 * 1024,
      flushDiskType: 'ASYNC_FLUSH',
      // Without it a SYNC_MASTER of version 5 acknowledges what its slave does not have.
      inSyncReplicas: identity.brokerRole === 'SYNC_MASTER' ? 2 : 1,
      ...properties,
    });
  }

  private add(name: string, port: number, className: string, properties: Properties): void {
    const propertiesFile = join(this.directory, `${name}.properties`);
    const lines = Object.entries(properties).map(([key, value]) => `${key}=${value}\n`);
    writeFileSync(propertiesFile, lines.join(''));
    this.members.set(name, { address: `127.0.0.1:${port}`, className, propertiesFile, child: undefined });
  }

  private async launch(name: string): Promise<void> {
    const member = this.members.get(name)!;
    // Log files, of which some names are the same for every broker, go to the home directory.
    const home = join(this.directory, `home-${name}`);
    mkdirSync(join(home, 'conf'), { recursive: true });
    const output = join(this.directory, `${name}.out`);
    const heap = name === 'namesrv' ? '-Xmx128m' : '-Xmx512m';
    const { className, propertiesFile } = member;
    const options = [...JVM_OPTIONS, heap, `-Duser.home=${home}`, '-cp', `${JARS}/*`];
    const fd = openSync(output, 'w');
    member.child = spawn('java', [...options, className, '-c', propertiesFile], {
      stdio: ['ignore', fd, fd],
      env: { ...process.env, ROCKETMQ_HOME: home },
    });
    const isUp = () => readFileSync(output, 'utf8').includes('boot success');
    await poll(`${name} to start`, isUp, () => {
      if (member.child?.exitCode !== null) throw new Error(`${name} ended:\n${readFileSync(output, 'utf8')}`);
    });
  }

  private async untilRegistered(): Promise<void> {
    const expected = [...this.members].filter(
      ([name, { child }]) => name !== 'namesrv' && child !== undefined,
    );
    await poll('the brokers to register', async () => {
      const registered = await this.registeredAddresses();
      return expected.every(([, { address }]) => registered.has(address));
    });
  }

  private async registeredAddresses(): Promise<Set<string>> {
    const request = { code: RequestCode.GET_BROKER_CLUSTER_INFO, header: undefined, body: undefined };
    const { body } = await invoke(this.transport, this.namesrvAddr, request, 3000);
    const brokers = [...(body?.brokerAddrTable.values() ?? [])];
    return new Set(brokers.flatMap(({ brokerAddrs }) => [...brokerAddrs.values()]));
  }
}

/** Waits until a condition holds; `check` may end it with an error. */
export async function poll(
  what: string,
  condition: () => boolean | Promise<boolean>,
  check: () => void = () => {},
  maxMillis = START_TIMEOUT,
): Promise<void> {
  const deadline = performance.now() + maxMillis;
  while (!(await condition())) {
    check();
    if (performance.now() > deadline) throw new Error(`Waited ${maxMillis} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Below those that the system gives to connections: a port stays free between a look at it and the start of a JVM. */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;
const given = new Set<number>();

/** A port of which the one before the last and the next are free too: Apache's broker listens on all three. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + 10 * Math.floor((Math.random() * (LAST_PORT - FIRST_PORT)) / 10);
    if (given.has(port)) continue;
    given.add(port);
    const isFree = await Promise.all([port - 2, port, port + 1].map(canListen));
    if (isFree.every(Boolean)) return port;
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}
