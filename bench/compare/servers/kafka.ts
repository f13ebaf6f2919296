import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MeasuredProcess } from '../../support/measured-process.js';
import { findProgram, untilListening, type Server } from '../../support/server.js';

/** The newest that the client speaks with. */
export const KAFKA_VERSION = process.env['KAFKA_VERSION'] ?? '4.1.0';
const JARS = process.env['KAFKA_JARS'] ?? join(homedir(), '.cache', 'apache-kafka', KAFKA_VERSION);
const POM = fileURLToPath(new URL('../../../../bench/compare/pom.xml', import.meta.url));
const CLUSTER_ID = 'MkU3OEVBNTcwNTJENDM2Qk';
const MEMORY = ['-Xms1g', '-Xmx1g'];

/** Whether Kafka's jars are there; fetches them once where Java and Maven are. */
export function hasKafka(): boolean {
  if (existsSync(JARS)) return findProgram('java') !== undefined;
  if (findProgram('java') === undefined || findProgram('mvn') === undefined) return false;
  mkdirSync(dirname(JARS), { recursive: true });
  const fetched = mkdtempSync(`${JARS}.`);
  try {
    const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${fetched}`];
    execFileSync('mvn', ['-q', '-B', '-f', POM, `-Dkafka.version=${KAFKA_VERSION}`, ...goal], {
      stdio: 'ignore',
    });
    renameSync(fetched, JARS);
    return true;
  } catch {
    rmSync(fetched, { recursive: true, force: true });
    return false;
  }
}

/** One node, broker and controller, with the sizes of heap of its own start script. */
export async function startKafka(directory: string, ports: readonly number[]): Promise<Server> {
  const file = join(directory, 'server.properties');
  if (!existsSync(file)) format(directory, file, ports);
  const [port] = ports;
  const parameters = [...MEMORY, '-cp', `${JARS}/*`, 'kafka.Kafka', file];
  const server = MeasuredProcess.start('kafka', 'java', parameters, {}, join(directory, 'kafka.err'));
  await untilListening(port!, server);
  return { process: server, address: String(port), stop: () => server.stop() };
}

function format(directory: string, file: string, [port, controllerPort]: readonly number[]): void {
  mkdirSync(directory, { recursive: true });
  const properties = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': join(directory, 'data'),
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.replication.factor': 1,
    'group.initial.rebalance.delay.ms': 0,
  };
  writeFileSync(
    file,
    Object.entries(properties)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  );
  const storageTool = ['kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', file];
  execFileSync('java', ['-cp', `${JARS}/*`, ...storageTool], { stdio: 'ignore' });
}
