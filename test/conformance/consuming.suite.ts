import { describe, expect, it, onTestFinished } from 'vitest';
import type { MessageExt } from '../../lib/common/message-ext.js';
import type { MessageListener } from '../../lib/client/index.js';
import { eventually } from '../support/eventually.js';
import { gate } from '../support/nest-app.js';
import { TestClient } from '../support/test-client.js';
import { collect, message, startConsumer, startProducer } from '../support/test-peers.js';
import { MINUTE, VirtualClock } from '../support/virtual-clock.js';
import { uniqueName, type Cluster, type ClusterRef } from './cluster.js';

const QUEUES = [0, 1, 2, 3];
/** In each queue. */
const COUNT = 60;
/** Of the delays of RocketMQ: the queue of level 3 in its topic. */
const LEVEL_3_QUEUE = 2;

const textsOf = (queueId: number): string[] => Array.from({ length: COUNT }, (_, i) => `${queueId}.${i}`);

/** A topic of four queues, the first of which begins with a message `bad`. */
async function topicWithBadMessage(cluster: Cluster): Promise<string> {
  const topic = uniqueName('stall');
  const producer = startProducer(cluster);
  for (const queueId of QUEUES) {
    const texts = queueId === 0 ? ['bad', ...textsOf(0)] : textsOf(queueId);
    const batch = texts.map((text) => message(topic, text));
    await producer.sendBatch(batch, { selector: (queues) => queues.find((mq) => mq.queueId === queueId)! });
  }
  return topic;
}

/** A listener that has trouble with the bad message, and notes what else it is given. */
function listenerOf(
  mode: 'concurrently' | 'orderly',
  done: string[],
  onBad: () => void | Promise<void>,
): MessageListener {
  const handle = async <S>([first]: readonly MessageExt[], success: S): Promise<S> => {
    const text = first!.body.toString();
    if (text === 'bad') await onBad();
    else done.push(text);
    return success;
  };
  if (mode === 'orderly') return { orderly: (messages) => handle(messages, 'SUCCESS') };
  return { concurrently: (messages) => handle(messages, 'CONSUME_SUCCESS') };
}

/** What one message may do to others: wire-protocol.md 5.9 and 5.10. */
export function describeConsuming(cluster: ClusterRef): void {
  describe('consuming', () => {
    const consume = async (mode: 'concurrently' | 'orderly', onBad: () => void | Promise<void>) => {
      const topic = await topicWithBadMessage(cluster());
      const done: string[] = [];
      const consumer = { consumeThreadNumber: 2, suspendCurrentQueueTimeMillis: 10 };
      const listener = listenerOf(mode, done, onBad);
      await startConsumer(cluster(), uniqueName('group'), { [topic]: '*' }, listener, { consumer });
      return done;
    };
    const all = QUEUES.flatMap(textsOf).toSorted();
    const others = QUEUES.slice(1).flatMap(textsOf).toSorted();

    it('of a slow message keeps nothing else waiting', async () => {
      const { opened, open } = gate();
      onTestFinished(open);
      const done = await consume('concurrently', () => opened);
      await eventually(() => done.length >= all.length);
      expect(done.toSorted()).toEqual(all);
    });

    it('of a message that fails keeps nothing else waiting', async () => {
      const done = await consume('concurrently', () => {
        throw new Error('never');
      });
      await eventually(() => done.length >= all.length);
      expect(done.toSorted()).toEqual(all);
    });

    it('of a slow message in order keeps only its own queue waiting', async () => {
      const { opened, open } = gate();
      const done = await consume('orderly', () => opened);
      await eventually(() => done.length >= others.length);
      expect(done.toSorted()).toEqual(others);
      open();
      await eventually(() => done.length >= all.length);
      expect(done.slice(others.length)).toEqual(textsOf(0));
    });

    it('of a message that fails in order keeps only its own queue waiting', async () => {
      let isMended = false;
      const done = await consume('orderly', () => {
        if (!isMended) throw new Error('not yet');
      });
      await eventually(() => done.length >= others.length);
      expect(done.toSorted()).toEqual(others);
      isMended = true;
      await eventually(() => done.length >= all.length);
      expect(done.slice(others.length)).toEqual(textsOf(0));
    });

    it('goes on by what a member wants when one that wanted less, and came later, has left', async () => {
      const topic = uniqueName('filter');
      const group = uniqueName('group');
      const producer = startProducer(cluster());
      await producer.send(message(topic, 'first', 'a'));
      const got: MessageExt[] = [];
      const member = await startConsumer(cluster(), group, { [topic]: 'a || b' }, collect(got));
      await eventually(() => got.length === 1);
      const queueCount = (): number => member.admin.runningInfo().mqTable.size;
      const alone = queueCount();
      const canary = await startConsumer(cluster(), group, { [topic]: 'b' }, collect([]));
      await eventually(() => queueCount() < alone);
      await canary.shutdown();
      await eventually(async () => {
        await producer.send(message(topic, 'second', 'a'));
        return got.length > 1;
      });
    });

    it('of a message that takes longer than consumeTimeout gives it back for level 3', async () => {
      const topic = uniqueName('slow');
      const { msgId } = await startProducer(cluster()).send(message(topic));
      const signals: AbortSignal[] = [];
      const concurrently = (_: unknown, { signal }: { signal: AbortSignal }) => {
        signals.push(signal);
        return new Promise<'CONSUME_SUCCESS'>(() => {});
      };
      const clock = new VirtualClock(Date.now());
      // Pulls take real time: a look at the queues would find that they stand still.
      const client = { rebalanceInterval: 60 * MINUTE };
      const options = { clock, client, consumer: { consumeTimeout: 15 } };
      await startConsumer(cluster(), uniqueName('group'), { [topic]: '*' }, { concurrently }, options);
      await eventually(() => signals.length === 1);
      await clock.advance(15 * MINUTE);
      expect(signals[0]!.aborted).toBe(true);
      const reader = await TestClient.open(cluster());
      let delayed: MessageExt | undefined;
      await eventually(async () => {
        const stored = await reader.read('SCHEDULE_TOPIC_XXXX', LEVEL_3_QUEUE);
        delayed = stored.find((one) => one.msgId === msgId);
        return delayed !== undefined;
      });
      expect(delayed).toMatchObject({ reconsumeTimes: 1 });
      expect(delayed!.getProperty('RETRY_TOPIC')).toBe(topic);
    });
  });
}
