import { Message } from '../lib/common/message.js';
import { DefaultMQPushConsumer } from '../lib/client/index.js';
import { LEVELS, openClient, type LevelOptions } from './levels.js';
import { closedLoop, type LoopResult } from './support/closed-loop.js';
import { withScratch } from './support/scratch.js';

export interface ListenerLatency {
  readonly flushDiskType: LevelOptions['flushDiskType'];
  /** Of the bare store: until the message is acknowledged. */
  readonly limit: LoopResult;
  /** Until the listener is called. */
  readonly listener: LoopResult;
}

const BODY = Buffer.alloc(1024, 'a');
const MILLIS = 3000;

/** From a send to the call of the listener, one message at a time. */
export async function measureListenerLatency(
  flushDiskType: LevelOptions['flushDiskType'],
): Promise<ListenerLatency> {
  const limit = await withScratch(async (directory) => {
    const level = await LEVELS.limit({ directory, flushDiskType, flushDelay: 0 });
    const result = await closedLoop(1, MILLIS, level.send);
    await level.close();
    return result;
  });
  const listener = await withScratch((directory) => measure(directory, flushDiskType));
  return { flushDiskType, limit, listener };
}

async function measure(directory: string, flushDiskType: LevelOptions['flushDiskType']): Promise<LoopResult> {
  const { instance, producer, close } = await openClient({ directory, flushDiskType, flushDelay: 0 });
  await producer.send(new Message('bench', BODY));
  let onMessage = (): void => {};
  const consumer = new DefaultMQPushConsumer(
    instance,
    { consumerGroup: 'bench' },
    {
      concurrently: () => {
        onMessage();
        return 'CONSUME_SUCCESS';
      },
    },
  );
  consumer.subscribe('bench');
  await consumer.start();
  const roundTrip = (done: () => void): void => {
    onMessage = done;
    void producer.send(new Message('bench', BODY));
  };
  await closedLoop(1, 500, roundTrip);
  const result = await closedLoop(1, MILLIS, roundTrip);
  await consumer.shutdown();
  await close();
  return result;
}
