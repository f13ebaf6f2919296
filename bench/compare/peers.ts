import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { apacheVersion, hasApache, startApache, startJavaLoad } from '../peers/java.js';
import { startEngine, startNodeLoad } from '../peers/servers.js';
import type { MeasuredProcess } from '../support/measured-process.js';
import { findProgram, type Server } from '../support/server.js';
import { hasKafka, KAFKA_VERSION, startKafka } from './servers/kafka.js';
import { startNats } from './servers/nats.js';
import { findRabbitMQ, rabbitMQ, startRabbitMQ } from './servers/rabbitmq.js';
import { startRedis } from './servers/redis.js';

/** What is measured beside the others: a server in one set-up, with one client. */
export interface Peer {
  /** By which `BENCH_PEERS` picks it, together with others of one server. */
  readonly name: 'ours' | 'apache' | 'redis' | 'rabbitmq' | 'nats' | 'kafka';
  readonly label: string;
  /** What is true of a message when it is acknowledged. */
  readonly acknowledged: string;
  /** Whether every acknowledgement waits until the disk has the message. */
  readonly isFlushed: boolean;
  /** Seconds of sends before what counts, where compilers take longer than those of Node. */
  readonly warmUp?: number;
  /** Why it is left out, and what to do; undefined when it is there. */
  missing(): string | undefined;
  /** Server and client. */
  version(): string;
  /** A server that goes on with what is in the directory; none when it is in the client's process. */
  readonly start?: (directory: string, ports: readonly number[]) => Promise<Server>;
  load(directory: string, address: string, parameters: readonly string[]): MeasuredProcess;
}

const nodeLoad =
  (client: string): Peer['load'] =>
  (_directory, address, parameters) =>
    startNodeLoad(client, [address, ...parameters]);

/** Of virtual machines of Java. */
const JAVA_WARM_UP = 12;
const KERNEL = 'with the kernel, flushed later';

const embedded = (flushDiskType: string, label: string, isFlushed: boolean): Peer => ({
  ...ours(label, isFlushed),
  load: (directory, _address, parameters) =>
    startNodeLoad('embedded', [`${flushDiskType}:${join(directory, 'store')}`, ...parameters]),
});

const overTcp = (flushDiskType: string, label: string, isFlushed: boolean): Peer => ({
  ...ours(label, isFlushed),
  start: (directory) => startEngine(directory, flushDiskType),
  load: nodeLoad('rocketmq'),
});

const ours = (label: string, isFlushed: boolean) =>
  ({
    name: 'ours',
    label,
    isFlushed,
    acknowledged: isFlushed ? 'flushed to the disk, by all who wait together' : `${KERNEL} (0.5 s)`,
    missing: () => undefined,
    version: () => `nestjs-rocketmq ${versionOf('.')}`,
  }) as const;

const apache = (flushDiskType: string, label: string, isFlushed: boolean): Peer => ({
  name: 'apache',
  label,
  isFlushed,
  warmUp: JAVA_WARM_UP,
  acknowledged: isFlushed ? 'flushed to the disk, by all who wait together' : `${KERNEL} (0.5 s)`,
  missing: () => (hasApache() ? undefined : 'no Java or no jars: `npm run test:interop` fetches them'),
  version: () => `Apache RocketMQ ${apacheVersion} with its Java client`,
  start: (directory, ports) => startApache(directory, ports, flushDiskType),
  load: (directory, address, parameters) => startJavaLoad(join(directory, 'java'), [address, ...parameters]),
});

const redis = (appendfsync: 'everysec' | 'always', isFlushed: boolean): Peer => ({
  name: 'redis',
  label: `BullMQ on Redis, appendfsync ${appendfsync}`,
  isFlushed,
  acknowledged: isFlushed ? 'flushed to the disk, by all who wait together' : `${KERNEL} (1 s)`,
  missing: () => missingProgram('redis-server', 'Redis'),
  version: () => `${firstLine('redis-server', '--version')}, bullmq ${versionOf('bullmq')}`,
  start: (directory, ports) => startRedis(directory, ports, appendfsync),
  load: nodeLoad('bullmq'),
});

const rabbitmq = (client: string, queueType: string, acknowledged: string): Peer => ({
  name: 'rabbitmq',
  label: `RabbitMQ, ${queueType} queues`,
  isFlushed: true,
  acknowledged,
  missing: () =>
    findRabbitMQ() === undefined
      ? missingProgram('rabbitmq-server', 'RabbitMQ')
      : missingProgram('epmd', 'Erlang'),
  version: () => `${rabbitMQ.version}, amqplib ${versionOf('amqplib')}`,
  start: startRabbitMQ,
  load: nodeLoad(client),
});

const nats: Peer = {
  name: 'nats',
  label: 'NATS JetStream',
  isFlushed: false,
  acknowledged: `${KERNEL} (2 min)`,
  missing: () => missingProgram('nats-server', 'NATS'),
  version: () =>
    `${firstLine('nats-server', '--version')}, @nats-io/jetstream ${versionOf('@nats-io/jetstream')}`,
  start: startNats,
  load: nodeLoad('nats'),
};

const kafka: Peer = {
  name: 'kafka',
  label: 'Apache Kafka, acks=all',
  isFlushed: false,
  warmUp: JAVA_WARM_UP,
  acknowledged: 'with the kernel, which flushes when it likes',
  missing: () =>
    hasKafka() ? undefined : 'no Java, or its jars could not be fetched: install Java 17 and Maven',
  version: () => `Apache Kafka ${KAFKA_VERSION}, @platformatic/kafka ${versionOf('@platformatic/kafka')}`,
  start: startKafka,
  load: nodeLoad('kafka'),
};

/** In the order in which they are measured and shown. */
export const PEERS: readonly Peer[] = [
  embedded('SYNC_FLUSH', 'ours in process', true),
  embedded('ASYNC_FLUSH', 'ours in process, ASYNC_FLUSH', false),
  overTcp('SYNC_FLUSH', 'ours over TCP', true),
  overTcp('ASYNC_FLUSH', 'ours over TCP, ASYNC_FLUSH', false),
  apache('SYNC_FLUSH', 'Apache RocketMQ, SYNC_FLUSH', true),
  apache('ASYNC_FLUSH', 'Apache RocketMQ, ASYNC_FLUSH', false),
  redis('everysec', false),
  redis('always', true),
  rabbitmq('rabbitmq', 'classic', 'flushed to the disk, by all who wait together'),
  rabbitmq('rabbitmq-quorum', 'quorum', 'flushed to the disk, by all who wait together'),
  nats,
  kafka,
];

/** Says how to get a program that is not there. */
export function missingProgram(program: string, product: string, path?: string): string | undefined {
  if (findProgram(program, path) !== undefined) return undefined;
  return `no ${program} on the PATH: install the server of ${product} with the package manager of your system`;
}

function firstLine(program: string, ...parameters: readonly string[]): string {
  const [line = ''] = execFileSync(program, parameters, { encoding: 'utf8' }).split('\n');
  return line.replace(/ sha=.*/, '');
}

function versionOf(name: string): string {
  const path = name === '.' ? 'package.json' : `node_modules/${name}/package.json`;
  const text = readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
