import { setTimeout as sleep } from 'node:timers/promises';
import { Message } from '../lib/common/message.js';
import { DefaultMQPushConsumer, type MQClientInstance } from '../lib/client/index.js';
import { openClient } from './levels.js';
import { closedLoop, median } from './support/closed-loop.js';
import { Forked, runForked } from './support/forked.js';
import { withScratch } from './support/scratch.js';
import { sendSingly } from './support/send-singly.js';

const BODY = Buffer.alloc(1024, 'a');
const BACKLOG = 50_000;
const IN_FLIGHT = 256;
const QUEUES_PER_TOPIC = 8;
const MANY = 100;
export const GROUPS = [1, 10, MANY] as const;

/** What a delivered message costs when so many groups consume at once. */
export interface GroupsCost {
  readonly groups: number;
  /** Deliveries a second, of all groups. */
  readonly rate: number;
  readonly cpuMicros: number;
  readonly resident: number;
}

/** Sends a second while one group, and while many, wait for messages of other topics. */
export interface WaitingCost {
  readonly few: number;
  readonly many: number;
}

/** Groups that consume a backlog, each all of it: medians, resident the most of all rounds. */
export async function measureGroups(rounds: number): Promise<GroupsCost[]> {
  const runs = new Map(GROUPS.map((groups): [number, GroupsCost[]] => [groups, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [groups, results] of runs)
      results.push(await withScratch((directory) => inChild<GroupsCost>('consume', directory, groups)));
  }
  return [...runs].map(([groups, results]) => ({
    groups,
    rate: median(results.map(({ rate }) => rate)),
    cpuMicros: median(results.map(({ cpuMicros }) => cpuMicros)),
    resident: Math.max(...results.map(({ resident }) => resident)),
  }));
}

export function measureWaiting(rounds: number): Promise<WaitingCost> {
  return withScratch((directory) => inChild<WaitingCost>('send', directory, rounds));
}

async function inChild<T extends object>(role: string, directory: string, parameter: number) {
  const child = Forked.start(import.meta.url, role, directory, parameter);
  try {
    return { ...(await child.next<T>()), resident: child.resident };
  } finally {
    await child.end();
  }
}

/** Waves of groups until so many have consumed that the compiler is done; the last wave counts. */
async function consume(directory: string, groups: string): Promise<Omit<GroupsCost, 'resident'>> {
  const { instance, producer } = await open(directory);
  await sendSingly(producer, BACKLOG, () => new Message('bench', BODY));
  const count = Number(groups);
  for (let warm = 0; warm < 10; warm++) await wave(instance, 1, `warm-${warm}`);
  const waves: Omit<GroupsCost, 'resident'>[] = [];
  for (let number = 0; number < Math.max(1, 10 / count); number++)
    waves.push(await wave(instance, count, `wave-${number}`));
  return waves.toSorted((a, b) => a.rate - b.rate)[Math.floor(waves.length / 2)]!;
}

/** From the start of the last group on, by when the first ones may have consumed a part. */
async function wave(
  instance: MQClientInstance,
  count: number,
  name: string,
): Promise<Omit<GroupsCost, 'resident'>> {
  let delivered = 0;
  let onEnd: () => void = () => {};
  const ended = new Promise<void>((resolve) => (onEnd = resolve));
  const onMessages = (messages: number): void => {
    delivered += messages;
    if (delivered === BACKLOG * count) onEnd();
  };
  const consumers = await startGroups(instance, count, name, ['bench'], onMessages);
  const before = { cpu: process.cpuUsage(), time: performance.now(), delivered };
  await ended;
  const millis = performance.now() - before.time;
  const { user, system } = process.cpuUsage(before.cpu);
  await Promise.all(consumers.map((consumer) => consumer.shutdown()));
  const counted = delivered - before.delivered;
  return { groups: count, rate: (counted * 1000) / millis, cpuMicros: (user + system) / counted };
}

/** Sends while groups wait: one and many of them in turn. */
async function send(directory: string, rounds: string): Promise<WaitingCost> {
  const { instance, producer } = await open(directory);
  const others = Array.from({ length: 10 }, (_, number) => `other-${number}`);
  for (const topic of others) await producer.send(new Message(topic, BODY));
  const loop = (millis: number) =>
    closedLoop(IN_FLIGHT, millis, (done) => void producer.send(new Message('bench', BODY)).then(done));
  await startGroups(instance, 1, 'always', others, () => {});
  await loop(2000);
  const few: number[] = [];
  const many: number[] = [];
  for (let round = 0; round < Number(rounds); round++) {
    few.push((await loop(800)).rate);
    const consumers = await startGroups(instance, MANY - 1, `round-${round}`, others, () => {});
    // Starting is not waiting.
    await sleep(2000);
    many.push((await loop(800)).rate);
    await Promise.all(consumers.map((consumer) => consumer.shutdown()));
  }
  return { few: median(few), many: median(many) };
}

function open(directory: string) {
  return openClient(
    { directory, flushDiskType: 'ASYNC_FLUSH', flushDelay: 0 },
    {
      engine: { defaultTopicQueueNums: QUEUES_PER_TOPIC },
      producer: { defaultTopicQueueNums: QUEUES_PER_TOPIC },
    },
  );
}

async function startGroups(
  instance: MQClientInstance,
  count: number,
  name: string,
  topics: readonly string[],
  onMessages: (count: number) => void,
): Promise<DefaultMQPushConsumer[]> {
  const consumers = Array.from({ length: count }, (_, number) => {
    const consumerGroup = `${name}-${number}`;
    const config = { consumerGroup, consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET' } as const;
    const consumer = new DefaultMQPushConsumer(instance, config, {
      concurrently: (messages) => {
        onMessages(messages.length);
        return 'CONSUME_SUCCESS';
      },
    });
    for (const topic of topics) consumer.subscribe(topic);
    return consumer;
  });
  await Promise.all(consumers.map((consumer) => consumer.start()));
  return consumers;
}

await runForked(import.meta.url, { consume, send });
