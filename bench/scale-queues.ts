import { Message } from '../lib/common/message.js';
import { openClient, type LevelOptions } from './levels.js';
import { closedLoop, median } from './support/closed-loop.js';
import { Forked, runForked } from './support/forked.js';
import { withScratch } from './support/scratch.js';

const BODY = Buffer.alloc(1024, 'a');
const IN_FLIGHT = 256;
const QUEUES_PER_TOPIC = 10;
/** Sent before: by then all files are there, and the compiler is done. */
const WARM = 1_000_000;
export const QUEUES = [10, 1000, 10_000] as const;

/** What a message costs with so many queues. */
export interface QueuesCost {
  readonly queues: number;
  /** Messages a second. */
  readonly rate: number;
  /** CPU time of a message in microseconds, of all threads. */
  readonly cpuMicros: number;
  readonly p99: number;
  readonly resident: number;
}

/** Sends over topics with few and many queues together, in turn: medians, resident the most of all rounds. */
export async function measureQueues(
  flushDiskType: LevelOptions['flushDiskType'],
  millis: number,
  rounds: number,
): Promise<QueuesCost[]> {
  const runs = new Map(QUEUES.map((queues): [number, QueuesCost[]] => [queues, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [queues, results] of runs)
      results.push(await withScratch((directory) => measure(directory, flushDiskType, queues, millis)));
  }
  return [...runs].map(([queues, results]) => ({
    queues,
    rate: median(results.map(({ rate }) => rate)),
    cpuMicros: median(results.map(({ cpuMicros }) => cpuMicros)),
    p99: median(results.map(({ p99 }) => p99)),
    resident: Math.max(...results.map(({ resident }) => resident)),
  }));
}

async function measure(
  directory: string,
  flushDiskType: LevelOptions['flushDiskType'],
  queues: number,
  millis: number,
): Promise<QueuesCost> {
  const child = Forked.start(import.meta.url, 'send', directory, flushDiskType, queues, millis);
  try {
    const cost = await child.next<QueuesCost>();
    return { ...cost, resident: child.resident };
  } finally {
    await child.end();
  }
}

/** Sends to every queue, then measures for `millis`. */
async function send(
  directory: string,
  flushDiskType: string,
  queues: string,
  millis: string,
): Promise<Omit<QueuesCost, 'resident'>> {
  const { producer } = await openClient(
    { directory, flushDiskType: flushDiskType as LevelOptions['flushDiskType'], flushDelay: 0 },
    {
      engine: { defaultTopicQueueNums: QUEUES_PER_TOPIC },
      producer: { defaultTopicQueueNums: QUEUES_PER_TOPIC },
    },
  );
  const topics = Array.from({ length: Number(queues) / QUEUES_PER_TOPIC }, (_, number) => `bench-${number}`);
  let sent = 0;
  const next = () => producer.send(new Message(topics[sent++ % topics.length]!, BODY));
  await Promise.all(topics.map(next));
  const loop = (length: number) => closedLoop(IN_FLIGHT, length, (done) => void next().then(done));
  while (sent < WARM) await loop(500);
  const before = process.cpuUsage();
  const { rate, count, p99 } = await loop(Number(millis));
  const { user, system } = process.cpuUsage(before);
  return { queues: Number(queues), rate, p99, cpuMicros: (user + system) / count };
}

await runForked(import.meta.url, { send });
