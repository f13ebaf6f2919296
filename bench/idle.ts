import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../lib/common/clock.js';
import { silentLogger } from '../lib/common/logger.js';
import { Message } from '../lib/common/message.js';
import { DefaultMQPushConsumer, MQClientInstance } from '../lib/client/index.js';
import { TcpTransport } from '../lib/remoting/transport/tcp-transport.js';
import { openClient } from './levels.js';
import { table } from './report.js';
import { Forked, runForked, untilTold } from './support/forked.js';
import { withScratch } from './support/scratch.js';

const TOPICS = 1000;
/** As topics come about that are sent to. */
const QUEUES_PER_TOPIC = 4;
const GROUPS = 100;
/** Milliseconds in which what starting caused ends, the first pulls that are held among it, and in which nothing happens: a multiple of all periods. */
const SETTLE = 75_000;
const WINDOW = Number(process.env.BENCH_MILLIS ?? 60_000);

/** What a process needs while nothing happens. */
export interface IdleCost {
  readonly name: string;
  /** Of one core. */
  readonly cpuShare: number;
  readonly resident: number;
}

/** Engines with many topics and groups, all at once: each with its consumers in the same process, in another one, or without. */
export function measureIdle(): Promise<IdleCost[]> {
  return withScratch((alone) =>
    withScratch((together) =>
      withScratch(async (served) => {
        const engine = Forked.start(import.meta.url, 'engine', served);
        const address = await engine.next<string>();
        const processes: [string, Forked][] = [
          ['engine without consumers', Forked.start(import.meta.url, 'engine', alone)],
          ['engine and consumers in one process', Forked.start(import.meta.url, 'both', together)],
          ['engine, consumers over TCP', engine],
          ['these consumers', Forked.start(import.meta.url, 'consumers', address)],
        ];
        try {
          for (const [, child] of processes) if (child !== engine) await child.next();
          await sleep(SETTLE);
          for (const [, child] of processes) child.tell();
          return await Promise.all(processes.map(costOf));
        } finally {
          await Promise.all(processes.map(([, child]) => child.end()));
        }
      }),
    ),
  );
}

export function idleTable(rows: readonly IdleCost[]): string {
  return table(
    [`idle, ${TOPICS} topics of ${QUEUES_PER_TOPIC} queues, ${GROUPS} groups`, 'CPU of one core', 'resident'],
    rows.map(({ name, cpuShare, resident }) => [
      name,
      `${(cpuShare * 100).toFixed(2)} %`,
      `${Math.round(resident / 1e6)} MB`,
    ]),
  );
}

async function costOf([name, child]: [string, Forked]): Promise<IdleCost> {
  const cpuShare = await child.next<number>();
  return { name, cpuShare, resident: child.resident };
}

/** Answers where it listens when all topics are there. */
async function engine(directory: string): Promise<string> {
  const { engine, producer } = await openEngine(directory);
  await createTopics(producer);
  void answerShare();
  return engine.listenAddress!;
}

async function both(directory: string): Promise<void> {
  const { instance, producer } = await openEngine(directory);
  await createTopics(producer);
  await startConsumers(instance);
  void answerShare();
}

async function consumers(address: string): Promise<void> {
  const instance = new MQClientInstance({
    transport: new TcpTransport({ clock: systemClock, logger: silentLogger }),
    namesrvAddrs: [address],
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
  });
  await startConsumers(instance);
  void answerShare();
}

function openEngine(directory: string) {
  return openClient(
    { directory, flushDiskType: 'SYNC_FLUSH', flushDelay: 0 },
    {
      engine: { listen: { nameServerPort: 0, listenPort: 0 } },
      producer: { defaultTopicQueueNums: QUEUES_PER_TOPIC },
    },
  );
}

async function createTopics(producer: { send(message: Message): Promise<unknown> }): Promise<void> {
  const send = (_: unknown, number: number) =>
    producer.send(new Message(`bench-${number}`, Buffer.from('a')));
  await Promise.all(Array.from({ length: TOPICS }, send));
}

/** Each group consumes a part of the topics. */
async function startConsumers(instance: MQClientInstance): Promise<void> {
  for (let group = 0; group < GROUPS; group++) {
    const config = {
      consumerGroup: `bench-${group}`,
      consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
    } as const;
    const consumer = new DefaultMQPushConsumer(instance, config, { concurrently: () => 'CONSUME_SUCCESS' });
    for (let topic = group; topic < TOPICS; topic += GROUPS) consumer.subscribe(`bench-${topic}`);
    await consumer.start();
  }
}

/** The share of a core that this process takes from when it is told. */
async function answerShare(): Promise<void> {
  await untilTold();
  const before = process.cpuUsage();
  await sleep(WINDOW);
  const { user, system } = process.cpuUsage(before);
  process.send!((user + system) / 1000 / WINDOW);
}

await runForked(import.meta.url, { engine, both, consumers });
