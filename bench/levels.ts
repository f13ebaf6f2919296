import { Message } from '../lib/common/message.js';
import { systemClock } from '../lib/common/clock.js';
import { silentLogger } from '../lib/common/logger.js';
import { DefaultMQProducer, MQClientInstance, type ProducerConfig } from '../lib/client/index.js';
import type { FileSystem } from '../lib/common/file-system.js';
import { EmbeddedEngine, type EngineOptions } from '../lib/engine/index.js';
import { DefaultMessageStore } from '../lib/engine/store/default-message-store.js';
import type { MessageExtBrokerInner } from '../lib/engine/store/message-ext-broker-inner.js';
import { resolveMessageStoreConfig } from '../lib/engine/store/message-store-config.js';
import { RocketMQTemplate } from '../lib/template/rocketmq-template.js';
import { BareStore, bareFlush } from './limits/bare-store.js';
import type { Operation } from './support/closed-loop.js';
import { slowDisk } from './support/slow-disk.js';

/** What a level of the stack is measured with. */
export interface LevelOptions {
  readonly directory: string;
  readonly flushDiskType: 'SYNC_FLUSH' | 'ASYNC_FLUSH';
  /** Milliseconds that every flush takes longer. */
  readonly flushDelay: number;
}

/** One level, ready to send 1 KiB messages. */
export interface Level {
  readonly send: Operation;
  close(): Promise<void>;
}

export type LevelName = 'limit' | 'growing' | 'store' | 'producer' | 'template';

const BODY = Buffer.alloc(1024, 'a');
const QUEUES = 8;
/** Messages that the store is given again and again: to make them is not its work. So few are in the cache, as one that was just made is. */
const PREPARED = 256;
const TOPIC = 'bench';
const HOST = { address: Buffer.from([127, 0, 0, 1]), port: 10911 };
const BROKER_PROPERTIES = Buffer.from(
  'MSG_REGION\u0001DefaultRegion\u0002TRACE_ON\u0001true\u0002CLUSTER\u0001DefaultCluster\u0002',
);
/** About 1 KiB as JSON. */
const ORDER = {
  id: 'order-4711',
  customer: 'customer-0815',
  note: 'x'.repeat(890),
  lines: [{ sku: 'a', quantity: 3 }],
};

export const LEVELS: Record<LevelName, (options: LevelOptions) => Promise<Level>> = {
  limit: (options) => openBare(options, false),
  growing: (options) => openBare(options, true),
  store: openStore,
  producer: openProducer,
  template: openTemplate,
};

async function openBare(
  { directory, flushDiskType, flushDelay }: LevelOptions,
  isGrowing: boolean,
): Promise<Level> {
  const flush = flushDiskType === 'SYNC_FLUSH' ? bareFlush(flushDelay) : undefined;
  const store = new BareStore(directory, flush, isGrowing);
  let count = 0;
  return { send: (done) => store.put(count++ % QUEUES, BODY, done), close: () => store.close() };
}

async function openStore({ directory, flushDiskType, flushDelay }: LevelOptions): Promise<Level> {
  const store = new DefaultMessageStore({
    config: resolveMessageStoreConfig({ storePathRootDir: directory, flushDiskType }),
    fileSystem: slowDisk(flushDelay),
    clock: systemClock,
    logger: silentLogger,
    onArriving: () => {},
  });
  store.open();
  const messages = Array.from({ length: PREPARED }, (_, i) => storeMessage(i));
  let count = 0;
  const send: Operation = (done) =>
    store.putMessage(messages[count++ % PREPARED]!, {
      onPut: (status) => (status === 'PUT_OK' ? done() : fail(status)),
    });
  return { send, close: () => store.close() };
}

function storeMessage(number: number): MessageExtBrokerInner {
  return {
    topic: TOPIC,
    queueId: number % QUEUES,
    flag: 0,
    sysFlag: 0,
    bornTimestamp: 1_700_000_000_000,
    bornHost: HOST,
    storeHost: HOST,
    reconsumeTimes: 0,
    preparedTransactionOffset: 0,
    body: BODY,
    properties: new Map([
      ['UNIQ_KEY', uniqueKey(number)],
      ['WAIT', 'true'],
    ]),
    brokerProperties: BROKER_PROPERTIES,
  };
}

async function openProducer(options: LevelOptions): Promise<Level> {
  const { producer, close } = await openClient(options);
  return { send: (done) => void producer.send(new Message(TOPIC, BODY)).then(done, fail), close };
}

async function openTemplate(options: LevelOptions): Promise<Level> {
  const { producer, close } = await openClient(options);
  const template = new RocketMQTemplate(producer, {
    isSpringCompatible: false,
    clockNow: Date.now,
    logger: silentLogger,
  });
  return { send: (done) => void template.syncSend(TOPIC, ORDER).then(done, fail), close };
}

/** What a client and its engine have other than by default. */
export interface ClientSettings {
  readonly engine?: EngineOptions;
  readonly producer?: Partial<ProducerConfig>;
  readonly fileSystem?: FileSystem;
}

/** A client of an engine of its own. */
export async function openClient(
  { directory, flushDiskType, flushDelay }: LevelOptions,
  settings: ClientSettings = {},
) {
  const engine = new EmbeddedEngine(
    { storePathRootDir: directory, flushDiskType, ...settings.engine },
    { fileSystem: settings.fileSystem ?? slowDisk(flushDelay) },
  );
  await engine.start();
  const instance = new MQClientInstance({
    transport: engine.connect(),
    namesrvAddrs: [engine.namesrvAddr],
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
  });
  const producer = new DefaultMQProducer(instance, { sendMsgTimeout: 60_000, ...settings.producer });
  producer.start();
  const close = async (): Promise<void> => {
    producer.shutdown();
    instance.shutdown();
    await engine.shutdown();
  };
  return { engine, instance, producer, close };
}

function uniqueKey(count: number): string {
  return `AC1100021C2818B4AAC27F2E${count.toString(16).toUpperCase().padStart(8, '0')}`;
}

function fail(reason: unknown): never {
  console.error('A send of the benchmark failed:', reason);
  process.exit(1);
}
