import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { MeasuredProcess } from '../support/measured-process.js';
import { findProgram, type Server } from '../support/server.js';

const VERSION = process.env['ROCKETMQ_VERSION'] ?? '5.3.3';
const JARS = process.env['ROCKETMQ_JARS'] ?? join(homedir(), '.cache', 'apache-rocketmq', VERSION);
const LOAD = new URL('../../../bench/peers/java/Load.java', import.meta.url).pathname;
/** What Apache's broker needs of the JVM (its own start script sets the same). */
const OPENS = [
  '--add-opens=java.base/java.lang=ALL-UNNAMED',
  '--add-opens=java.base/java.util=ALL-UNNAMED',
  '--add-opens=java.base/java.nio=ALL-UNNAMED',
  '--add-opens=java.base/sun.nio.ch=ALL-UNNAMED',
  '--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED',
];

/** Java and Apache's jars are there (`npm run test:interop` fetches them). */
export const hasApache = (): boolean => existsSync(JARS) && findProgram('java') !== undefined;

export const apacheVersion = VERSION;

/** The official client with the works of `load.ts`. */
export function startJavaLoad(home: string, parameters: readonly string[]): MeasuredProcess {
  const settings = ['-Xmx512m', `-Duser.home=${home}`, '-Drocketmq.client.logLevel=ERROR', ...OPENS];
  return MeasuredProcess.start('Load.java', 'java', [...settings, '-cp', `${JARS}/*`, LOAD, ...parameters]);
}

/** A name server and a broker of Apache's, with the sizes of heap that do for one broker. */
export async function startApache(
  directory: string,
  [namesrvPort, listenPort, haListenPort]: readonly number[],
  flushDiskType: string,
): Promise<Server> {
  const namesrvAddr = `127.0.0.1:${namesrvPort}`;
  mkdirSync(directory, { recursive: true });
  const namesrv = await startJava(directory, 'namesrv', 'org.apache.rocketmq.namesrv.NamesrvStartup', {
    bindAddress: '127.0.0.1',
    listenPort: namesrvPort!,
  });
  const broker = await startJava(directory, 'broker', 'org.apache.rocketmq.broker.BrokerStartup', {
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
  });
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
  properties: Readonly<Record<string, string | number>>,
): Promise<MeasuredProcess> {
  const file = join(directory, `${name}.properties`);
  writeFileSync(
    file,
    Object.entries(properties)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  );
  const memory = ['-Xms1g', '-Xmx1g', '-XX:MaxDirectMemorySize=1g', `-Duser.home=${directory}`];
  const parameters = [...memory, ...OPENS, '-cp', `${JARS}/*`, main, '-c', file];
  const started = MeasuredProcess.start(name, 'java', parameters, { ROCKETMQ_HOME: directory });
  await started.expectLine('boot success');
  return started;
}
