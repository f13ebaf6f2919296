import { Message } from '../lib/common/message.js';
import { DefaultMQPushConsumer, MessageSelector } from '../lib/client/index.js';
import { barePullRate } from './limits/bare-pull.js';
import { openClient } from './levels.js';
import { median } from './support/closed-loop.js';
import { withScratch } from './support/scratch.js';
import { sendSingly } from './support/send-singly.js';

const COUNT = 200_000;
const BODY = Buffer.alloc(1024, 'a');

/** Three terms, of which all messages have the properties, and all of which have to be evaluated. */
const THREE_TERMS = MessageSelector.bySql("region = 'EU' AND amount > 100 AND TAGS IS NOT NULL");

export interface FilterRates {
  /** Messages per second. */
  readonly plain: number;
  readonly filtered: number;
}

/** What it costs when the broker looks at the properties of every message, and all of them are wanted. */
export async function measureFilterRates(rounds: number): Promise<FilterRates> {
  const plain: number[] = [];
  const filtered: number[] = [];
  for (let round = 0; round < rounds; round++) {
    plain.push(await withScratch((directory) => consumeBacklog(directory)));
    filtered.push(await withScratch((directory) => consumeBacklog(directory, THREE_TERMS)));
  }
  return { plain: median(plain), filtered: median(filtered) };
}

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

async function consumeBacklog(directory: string, selector?: MessageSelector): Promise<number> {
  const { instance, producer, close } = await openClient({
    directory,
    flushDiskType: 'ASYNC_FLUSH',
    flushDelay: 0,
  });
  await sendSingly(producer, COUNT, newMessage);
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
    consumer.subscribe('bench', selector);
    consumer.start().catch(reject);
  });
  const rate = (COUNT * 1000) / (performance.now() - startedAt);
  await close();
  return rate;
}

function newMessage(): Message {
  const message = new Message('bench', BODY, 'order');
  message.putUserProperty('region', 'EU');
  message.putUserProperty('amount', '500');
  return message;
}
