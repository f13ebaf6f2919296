import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MeasuredProcess } from '../support/measured-process.js';
import { findProgram, type Server } from '../support/server.js';

const VERSION = process.env['ROCKETMQ_VERSION'] ?? '5.3.3';
const JARS = process.env['ROCKETMQ_JARS'] ?? join(homedir(), '.cache', 'apache-rocketmq', VERSION);
const LOAD = fileURLToPath(new URL('../../../bench/peers/java/Load.java', import.meta.url));
/** Beside what the build makes of the benchmarks. */
const CLASSES = fileURLToPath(new URL('java', import.meta.url));
/** What Apache's broker needs of the JVM (its own start script sets the same). */
const OPENS = [
  '--add-opens=java.base/java.lang=ALL-UNNAMED',
  '--add-opens=java.base/java.util=ALL-UNNAMED',
  '--add-opens=java.base/java.nio=ALL-UNNAMED',
  '--add-opens=java.base/sun.nio.ch=ALL-UNNAMED',
  '--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED',
];

const BROKER_MEMORY = ['-Xms2g', '-Xmx2g', '-Xmn1g', '-XX:+UseG1GC', '-XX:MaxDirectMemorySize=1g'];

/** Java and Apache's jars are there (`npm run test:interop` fetches them). */
export const hasApache = (): boolean => existsSync(JARS) && findProgram('javac') !== undefined;

export const apacheVersion = VERSION;

/** The official client with the works of `load.ts`. */
export function startJavaLoad(home: string, parameters: readonly string[]): MeasuredProcess {
  compileLoad();
  const settings = [
    '-Xms512m',
    '-Xmx512m',
    `-Duser.home=${home}`,
    '-Drocketmq.client.logLevel=ERROR',
    ...OPENS,
  ];
  return MeasuredProcess.start('Load.java', 'java', [
    ...settings,
    '-cp',
    `${CLASSES}:${JARS}/*`,
    'Load',
    ...parameters,
  ]);
}

let isCompiled = false;

/** Once, so that no compiler runs in what is measured. */
function compileLoad(): void {
  if (!isCompiled) execFileSync('javac', ['-d', CLASSES, '-cp', `${JARS}/*`, LOAD]);
  isCompiled = true;
}

/** A name server and a broker of Apache's, with heaps of which neither comes to the end here. */
export async function startApache(
  directory: string,
  [namesrvPort, listenPort, haListenPort]: readonly number[],
  flushDiskType: string,
): Promise<Server> {
  const namesrvAddr = `127.0.0.1:${namesrvPort}`;
  mkdirSync(directory, { recursive: true });
  const namesrv = await startJava(
    directory,
    'namesrv',
    'org.apache.rocketmq.namesrv.NamesrvStartup',
    ['-Xms256m', '-Xmx256m'],
    {
      bindAddress: '127.0.0.1',
      listenPort: namesrvPort!,
    },
  );
  const broker = await startJava(
    directory,
    'broker',
    'org.apache.rocketmq.broker.BrokerStartup',
    BROKER_MEMORY,
    {
      brokerClusterName: 'DefaultCluster',
      brokerName: 'broker-a',
      brokerId: 0,
      bindAddress: '127.0.0.1',
      brokerIP1: '127.0.0.1',
      listenPort: listenPort!,
      haListenPort: haListenPort!,
      namesrvAddr,
      storePathRootDir: join(directory, 'store'),
      flushDiskType,
      defaultTopicQueueNums: 8,
    },
  );
  return {
    process: broker,
    address: namesrvAddr,
    stop: async () => {
      await broker.stop();
      await namesrv.stop();
    },
  };
}

async function startJava(
  directory: string,
  name: string,
  main: string,
  memory: readonly string[],
  properties: Readonly<Record<string, string | number>>,
): Promise<MeasuredProcess> {
  const file = join(directory, `${name}.properties`);
  writeFileSync(
    file,
    Object.entries(properties)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  );
  const parameters = [...memory, `-Duser.home=${directory}`, ...OPENS, '-cp', `${JARS}/*`, main, '-c', file];
  const started = MeasuredProcess.start(name, 'java', parameters, { ROCKETMQ_HOME: directory });
  await started.expectLine('boot success');
  return started;
}
