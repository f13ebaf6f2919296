import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Message } from '../lib/common/message.js';
import { DefaultMQPushConsumer } from '../lib/client/index.js';
import { openClient } from './levels.js';
import { Forked, runForked } from './support/forked.js';
import { withScratch } from './support/scratch.js';

const TOPICS = 1000;
const QUEUES_PER_TOPIC = 10;
const GROUPS = 100;
/** Milliseconds after which a checkpoint is written, and the memory of queues without new messages is free. */
const CHECKPOINT = 13_000;

/** Bytes that remain in memory when nothing happens, engine and client together. */
export interface MemoryCost {
  /** Of a topic with one queue that has a message. */
  readonly topic: number;
  /** Of every further queue that has a message. */
  readonly queue: number;
  /** Of a group with a consumer in this process, without the queues that it pulls. */
  readonly group: number;
  /** Of a queue that a consumer of this process pulls. */
  readonly pulled: number;
}

export function measureMemory(): Promise<MemoryCost> {
  return withScratch(async (directory) => {
    const child = Forked.start(import.meta.url, 'measure', directory);
    try {
      return await child.next<MemoryCost>();
    } finally {
      await child.end();
    }
  });
}

async function measure(directory: string): Promise<MemoryCost> {
  const { instance, producer } = await openClient(
    { directory, flushDiskType: 'ASYNC_FLUSH', flushDelay: 0 },
    {
      engine: { defaultTopicQueueNums: QUEUES_PER_TOPIC },
      producer: { defaultTopicQueueNums: QUEUES_PER_TOPIC },
    },
  );
  const sendToAll = async (count: number): Promise<void> => {
    for (let sent = 0; sent < count; sent++) {
      const send = (_: unknown, topic: number) =>
        producer.send(new Message(`bench-${topic}`, Buffer.from('a')));
      await Promise.all(Array.from({ length: TOPICS }, send));
    }
  };
  const start = (number: number, topics: number) => {
    const config = { consumerGroup: `bench-${number}` };
    const consumer = new DefaultMQPushConsumer(instance, config, { concurrently: () => 'CONSUME_SUCCESS' });
    for (let topic = 0; topic < topics; topic++) consumer.subscribe(`bench-${topic}`);
    return consumer.start();
  };
  await producer.send(new Message('first', Buffer.from('a')));
  const empty = await used();
  await sendToAll(1);
  const withTopics = await used();
  await sendToAll(QUEUES_PER_TOPIC - 1);
  const withQueues = await used();
  for (let group = 0; group < GROUPS; group++) await start(group, 1);
  const withGroups = await used();
  await start(GROUPS, TOPICS);
  const withPulls = await used();
  const pulled = (withPulls - withGroups) / TOPICS / QUEUES_PER_TOPIC;
  return {
    topic: (withTopics - empty) / TOPICS,
    queue: (withQueues - withTopics) / TOPICS / (QUEUES_PER_TOPIC - 1),
    group: (withGroups - withQueues) / GROUPS - QUEUES_PER_TOPIC * pulled,
    pulled,
  };
}

/** Bytes that are used when what can go has gone. */
async function used(): Promise<number> {
  await sleep(CHECKPOINT);
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

await runForked(import.meta.url, { measure });
