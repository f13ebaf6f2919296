import { Message } from '../lib/common/message.js';
import { DefaultMQPushConsumer } from '../lib/client/index.js';
import { barePullRate } from './limits/bare-pull.js';
import { openClient } from './levels.js';
import { median } from './support/closed-loop.js';
import { withScratch } from './support/scratch.js';

const COUNT = 200_000;
const BATCH = 100;
const BODY = Buffer.alloc(1024, 'a');

export interface ConsumeRates {
  /** Messages per second. */
  readonly limit: number;
  readonly consumer: number;
}

/** How fast a backlog of 1 KiB messages is consumed, most of it from files. */
export async function measureConsumeRates(rounds: number): Promise<ConsumeRates> {
  const limits: number[] = [];
  const consumers: number[] = [];
  for (let round = 0; round < rounds; round++) {
    limits.push(await withScratch(async (directory) => barePullRate(directory, COUNT)));
    consumers.push(await withScratch((directory) => consumeBacklog(directory)));
  }
  return { limit: median(limits), consumer: median(consumers) };
}

async function consumeBacklog(directory: string): Promise<number> {
  const { instance, producer, close } = await openClient({
    directory,
    flushDiskType: 'ASYNC_FLUSH',
    flushDelay: 0,
  });
  for (let sent = 0; sent < COUNT; sent += BATCH) {
    await producer.sendBatch(Array.from({ length: BATCH }, () => new Message('bench', BODY)));
  }
  let consumed = 0;
  const startedAt = performance.now();
  await new Promise<void>((resolve, reject) => {
    const consumer = new DefaultMQPushConsumer(
      instance,
      { consumerGroup: 'bench', consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET' },
      {
        concurrently: (messages) => {
          consumed += messages.length;
          if (consumed === COUNT) void consumer.shutdown().then(() => resolve(), reject);
          return 'CONSUME_SUCCESS';
        },
      },
    );
    consumer.subscribe('bench');
    consumer.start().catch(reject);
  });
  const rate = (COUNT * 1000) / (performance.now() - startedAt);
  await close();
  return rate;
}
