import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toFastjson } from '../lib/common/fastjson.js';
import { Message } from '../lib/common/message.js';
import { DefaultMQPushConsumer } from '../lib/client/index.js';
import type { ConsumerConfig } from '../lib/client/index.js';
import type { EngineOptions } from '../lib/engine/index.js';
import { createTopicConfig, encodeTopicConfig } from '../lib/engine/broker/topic/topic-config.js';
import type { openClient } from './levels.js';
import type { Slowness } from './support/slow-disk.js';

type Client = Awaited<ReturnType<typeof openClient>>;

/** What goes on while the event loop is watched. */
export interface Situation {
  readonly label: string;
  readonly isIdle?: boolean;
  readonly options?: EngineOptions;
  readonly consumer?: Partial<ConsumerConfig>;
  readonly disk?: Slowness;
  /** Before the engine is started. */
  readonly prepare?: (directory: string) => void;
  /** Begins something, and returns what ends it. */
  readonly meanwhile?: (client: Client) => Promise<() => Promise<void> | void>;
}

const MIB = 1024 * 1024;
const BODY = Buffer.alloc(1024, 'a');
const BACKLOG = 400_000;
const BATCH = 100;
const TOPICS = 1000;
const QUEUES_OF_TOPIC = 10;
const GROUPS = 100;

export const SITUATIONS: readonly Situation[] = [
  { label: 'idle', isIdle: true },
  { label: 'steady' },
  { label: 'slow flush', disk: { flush: 20 } },
  { label: 'slow writes', disk: { flush: 20, write: 10, path: /commitlog/ } },
  { label: 'segments roll', options: { mappedFileSizeCommitLog: 8 * MIB } },
  { label: 'segments roll, slow flush', options: { mappedFileSizeCommitLog: 8 * MIB }, disk: { flush: 20 } },
  { label: 'index files end', options: { maxIndexNum: 100_000 } },
  { label: 'backlog', meanwhile: consumeBacklog },
  {
    label: 'tables',
    options: { flushConsumerOffsetInterval: 2000, autoCreateTopicEnable: true },
    prepare: fillTables,
    meanwhile: changeTables,
  },
];

/** Another group takes messages that wait, as fast as it can. */
async function consumeBacklog({ instance, producer }: Client): Promise<() => Promise<void>> {
  const newMessage = (): Message => new Message('backlog', BODY);
  for (let sent = 0; sent < BACKLOG; sent += BATCH)
    await producer.sendBatch(Array.from({ length: BATCH }, newMessage));
  const consumer = new DefaultMQPushConsumer(
    instance,
    { consumerGroup: 'backlog', consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET' },
    { concurrently: () => 'CONSUME_SUCCESS' },
  );
  consumer.subscribe('backlog');
  await consumer.start();
  return async () => void (await consumer.shutdown());
}

/** 1,000 topics with 10 queues each, all of which 100 groups have offsets in. */
function fillTables(directory: string): void {
  const config = join(directory, 'config');
  const topics = Array.from({ length: TOPICS }, (_, number) => `table-${number}`);
  const groups = Array.from({ length: GROUPS }, (_, number) => `group-${number}`);
  const topicConfigTable = new Map(
    topics.map((topic) => [topic, encodeTopicConfig(createTopicConfig(topic, QUEUES_OF_TOPIC, 6))]),
  );
  const offsets = new Map(Array.from({ length: QUEUES_OF_TOPIC }, (_, queue) => [queue, 4_711_000 + queue]));
  const offsetTable = new Map(
    topics.flatMap((topic) => groups.map((group) => [`${topic}@${group}`, offsets])),
  );
  mkdirSync(config, { recursive: true });
  writeFileSync(join(config, 'topics.json'), toFastjson({ topicConfigTable }, true));
  writeFileSync(join(config, 'consumerOffset.json'), toFastjson({ offsetTable }, true));
}

/** Offsets change with what is consumed; topics with the first message of a new one. */
async function changeTables({ producer }: Client): Promise<() => void> {
  let number = 0;
  const interval = setInterval(() => {
    producer.send(new Message(`new-${number++}`, BODY)).catch(() => {});
  }, 500);
  return () => clearInterval(interval);
}
