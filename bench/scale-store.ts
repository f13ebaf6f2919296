import { Message } from '../lib/common/message.js';
import type { DefaultMQProducer } from '../lib/client/index.js';
import { consumeNewest } from './support/consume-newest.js';
import { openClient } from './levels.js';
import { median } from './support/closed-loop.js';
import { Forked, runForked } from './support/forked.js';
import { withScratch } from './support/scratch.js';
import { sendSingly } from './support/send-singly.js';

/** So that time and disk bear a hundred million. */
const BODY = Buffer.alloc(50, 'a');
const BATCH = 64;
const BATCHES_IN_FLIGHT = 16;
const IN_FLIGHT = 256;
const WARM = 400_000;
/** Messages that are sent, and consumed, to measure, and how often. */
const MEASURED = 200_000;
const ROUNDS = 5;

/** Messages per second. */
export interface StoreRates {
  readonly messages: number;
  readonly sent: number;
  readonly consumed: number;
}

export interface StoreCost {
  readonly empty: StoreRates;
  readonly full: StoreRates;
  /** Most bytes that were ever resident, and those after a restart. */
  readonly resident: number;
  readonly residentOpened: number;
  /** Milliseconds until the engine is ready. */
  readonly restartAfterClose: number;
  readonly restartAfterKill: number;
}

/** What a message costs in a store that is almost empty, and when it has `messages`; and how long that one takes to open. */
export function measureStore(messages: number): Promise<StoreCost> {
  return withScratch(async (directory) => {
    const filler = Forked.start(import.meta.url, 'fill', directory, messages);
    const [empty, full] = await filler.next<[StoreRates, StoreRates]>();
    const { resident } = filler;
    await filler.kill();
    const restartAfterKill = await reopen(directory);
    const { millis, residentOpened } = await reopen(directory);
    return {
      empty,
      full,
      resident,
      residentOpened,
      restartAfterClose: millis,
      restartAfterKill: restartAfterKill.millis,
    };
  });
}

async function reopen(directory: string): Promise<{ millis: number; residentOpened: number }> {
  const child = Forked.start(import.meta.url, 'open', directory);
  const millis = await child.next<number>();
  const residentOpened = child.resident;
  child.tell();
  await child.next();
  await child.end();
  return { millis, residentOpened };
}

/** Answers when all is measured, and goes on sending until it is killed. */
async function fill(directory: string, messages: string): Promise<[StoreRates, StoreRates]> {
  const client = await openClient({ directory, flushDiskType: 'SYNC_FLUSH', flushDelay: 0 });
  const { producer } = client;
  let stored = 0;
  const sendSome = async (count: number): Promise<void> => {
    await send(producer, count);
    stored += count;
  };
  const measure = async (name: string): Promise<StoreRates> => {
    const sent: number[] = [];
    const consumed: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const startedAt = performance.now();
      await sendSome(MEASURED);
      sent.push((MEASURED * 1000) / (performance.now() - startedAt));
      consumed.push(await consumeNewest(client.instance, `${name}-${round}`, MEASURED));
    }
    return { messages: stored, sent: median(sent), consumed: median(consumed) };
  };
  await sendSome(WARM);
  await consumeNewest(client.instance, 'warm', MEASURED);
  const empty = await measure('empty');
  await sendBatches(producer, Number(messages) - stored - ROUNDS * MEASURED);
  stored = Number(messages) - ROUNDS * MEASURED;
  const full = await measure('full');
  void send(producer, Infinity);
  return [empty, full];
}

function send(producer: DefaultMQProducer, count: number): Promise<void> {
  return sendSingly(producer, count, () => new Message('bench', BODY), IN_FLIGHT);
}

async function sendBatches(producer: DefaultMQProducer, count: number): Promise<void> {
  let left = count;
  const sendNext = async (): Promise<void> => {
    while (left > 0) {
      const length = Math.min(left, BATCH);
      left -= length;
      await producer.sendBatch(Array.from({ length }, () => new Message('bench', BODY)));
    }
  };
  await Promise.all(Array.from({ length: BATCHES_IN_FLIGHT }, sendNext));
}

/** Answers how long it took to open the store, and closes it when it is told to. */
async function open(directory: string): Promise<number> {
  const startedAt = performance.now();
  const { close } = await openClient({ directory, flushDiskType: 'SYNC_FLUSH', flushDelay: 0 });
  const millis = performance.now() - startedAt;
  process.once('message', () => void close().then(() => process.send!('closed')));
  return millis;
}

await runForked(import.meta.url, { fill, open });
