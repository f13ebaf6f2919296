import { describe, expect, it } from 'vitest';
import type { MessageExt } from '../../lib/common/message-ext.js';
import { messageQueueKey, type MessageQueue } from '../../lib/common/message-queue.js';
import {
  DefaultMQPushConsumer,
  selectMessageQueueByHash,
  type ConsumerConfig,
  type OffsetStore,
} from '../../lib/client/index.js';
import { eventually } from '../support/eventually.js';
import {
  bodies,
  collect,
  message,
  startConsumer,
  startInstance,
  startProducer,
} from '../support/test-peers.js';
import { TestClient } from '../support/test-client.js';
import { uniqueName, type Cluster, type ClusterRef } from './cluster.js';

/** A cluster tells clients of new topics and members in its own time; these do not wait for it. */
const client = { pollNameServerInterval: 200, rebalanceInterval: 200 };

async function topicWith(cluster: Cluster, count: number): Promise<string> {
  const topic = uniqueName('topic');
  const producer = startProducer(cluster);
  for (let i = 0; i < count; i++) await producer.send(message(topic, `${i}`));
  return topic;
}

const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i}`);

/** DefaultMQPushConsumer without retries by delay: wire-protocol.md 5.4 to 5.11. */
export function describePushConsumer(cluster: ClusterRef): void {
  describe('push consumer', () => {
    it('gets every message of all queues once', async () => {
      const topic = await topicWith(cluster(), 20);
      const got: MessageExt[] = [];
      await startConsumer(cluster(), uniqueName('group'), { [topic]: '*' }, collect(got));
      await eventually(() => got.length >= 20);
      expect(bodies(got).toSorted()).toEqual(numbers(20).toSorted());
      const { brokerName } = await TestClient.open(cluster());
      expect(got[0]).toMatchObject({ topic, reconsumeTimes: 0, brokerName });
    });

    it('gets messages that are sent later, also to a topic that does not exist yet', async () => {
      const topic = uniqueName('later');
      const got: MessageExt[] = [];
      await startConsumer(cluster(), uniqueName('group'), { [topic]: '*' }, collect(got), { client });
      const producer = startProducer(cluster());
      await producer.send(message(topic, 'first'));
      await eventually(() => got.length === 1);
      await producer.send(message(topic, 'second'));
      await eventually(() => got.length === 2);
      expect(bodies(got)).toEqual(['first', 'second']);
    });

    it('begins at the first message of a young queue, whatever consumeFromWhere says', async () => {
      const topic = await topicWith(cluster(), 4);
      const got: MessageExt[] = [];
      const consumer: Partial<ConsumerConfig> = { consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET' };
      await startConsumer(cluster(), uniqueName('group'), { [topic]: '*' }, collect(got), { consumer });
      await eventually(() => got.length === 4);
    });

    it('gets only messages with its tags, compared by the tag and not by the hash', async () => {
      const topic = uniqueName('tags');
      const producer = startProducer(cluster());
      // Aa and BB have the same hash.
      for (const tag of ['Aa', 'BB', 'x', 'y', '']) await producer.send(message(topic, tag || 'none', tag));
      const got: MessageExt[] = [];
      await startConsumer(cluster(), uniqueName('group'), { [topic]: 'Aa || y' }, collect(got));
      await producer.send(message(topic, 'end', 'y'));
      await eventually(() => bodies(got).includes('end'));
      expect(bodies(got).toSorted()).toEqual(['Aa', 'end', 'y']);
    });

    it('goes on where its group was', async () => {
      const topic = await topicWith(cluster(), 8);
      const group = uniqueName('group');
      const got: MessageExt[] = [];
      const first = await startConsumer(cluster(), group, { [topic]: '*' }, collect(got));
      await eventually(() => got.length === 8);
      await first.shutdown();
      await startProducer(cluster()).send(message(topic, 'new'));
      await startConsumer(cluster(), group, { [topic]: '*' }, collect(got));
      await eventually(() => got.length >= 9);
      expect(bodies(got.slice(8))).toEqual(['new']);
    });

    it('shares the queues with the other members, and takes over those of one that leaves', async () => {
      const topic = await topicWith(cluster(), 4);
      const group = uniqueName('group');
      const got: [MessageExt[], MessageExt[]] = [[], []];
      const consumer: Partial<ConsumerConfig> = { allocateMessageQueueStrategy: 'AVG_BY_CIRCLE' };
      const [first] = [
        await startConsumer(cluster(), group, { [topic]: '*' }, collect(got[0]), { consumer, client }),
        await startConsumer(cluster(), group, { [topic]: '*' }, collect(got[1]), { consumer, client }),
      ];
      const producer = startProducer(cluster());
      /** The queues of each of them, when a message was sent to every queue. */
      const queues = async () => {
        got[0].length = got[1].length = 0;
        for (let i = 0; i < 4; i++) await producer.send(message(topic));
        await eventually(() => got[0].length + got[1].length >= 4);
        return got.map((messages) => [...new Set(messages.map(({ queueId }) => queueId))].toSorted().join());
      };
      await expect.poll(async () => (await queues()).toSorted(), { timeout: 10_000 }).toEqual(['0,2', '1,3']);
      await first.shutdown();
      expect(await queues()).toEqual(['', '0,1,2,3']);
    });

    it('broadcasts every message to every member', async () => {
      const topic = uniqueName('broadcast');
      const group = uniqueName('group');
      const got: [MessageExt[], MessageExt[]] = [[], []];
      const consumer: Partial<ConsumerConfig> = { messageModel: 'BROADCASTING' };
      for (const into of got) {
        const options = { consumer, client: { ...client, instanceName: uniqueName('i') } };
        await startConsumer(cluster(), group, { [topic]: '*' }, collect(into), options);
      }
      const producer = startProducer(cluster());
      for (const body of numbers(6)) await producer.send(message(topic, body));
      await eventually(() => got.every(({ length }) => length >= 6));
      for (const messages of got) expect(bodies(messages).toSorted()).toEqual(numbers(6));
    });

    it.each(['CLUSTERING', 'BROADCASTING'] as const)(
      'goes on where a store of the application says, %s',
      async (messageModel) => {
        const topic = uniqueName('stored');
        const group = uniqueName('group');
        const kept = new Map<string, number>();
        const groups = new Set<string>();
        const offsetStore = (name: string) => {
          groups.add(name);
          return new KeptOffsets(kept);
        };
        const consumer: Partial<ConsumerConfig> = { messageModel, offsetStore };
        const producer = startProducer(cluster());
        const [first, second]: [MessageExt[], MessageExt[]] = [[], []];
        const { messageQueue } = await producer.send(message(topic, 'a'));
        const one = await startConsumer(cluster(), group, { [topic]: '*' }, collect(first), { consumer });
        await eventually(() => first.length === 1);
        await one.shutdown();
        expect([...kept.values()]).toContain(1);
        await producer.send(message(topic, 'b'), { selector: () => messageQueue });
        await startConsumer(cluster(), group, { [topic]: '*' }, collect(second), { consumer });
        await eventually(() => second.length === 1);
        expect(bodies(second)).toEqual(['b']);
        expect([...groups]).toEqual([group]);
      },
    );

    it('consumes the messages of a key in order, those of several keys at once', async () => {
      const topic = uniqueName('orderly');
      const producer = startProducer(cluster());
      const keys = ['order-1', 'order-2', 'order-3'];
      const running = new Set<number>();
      const got = new Map<string, string[]>(keys.map((key) => [key, []]));
      const started = new Set<number>();
      const overlaps: number[] = [];
      const orderly = async ([first]: readonly MessageExt[]) => {
        if (running.has(first!.queueId)) overlaps.push(first!.queueId);
        running.add(first!.queueId);
        started.add(first!.queueId);
        await eventually(() => started.size > 1);
        running.delete(first!.queueId);
        got.get(first!.keys!)!.push(first!.body.toString());
        return 'SUCCESS' as const;
      };
      for (const body of numbers(30)) {
        for (const key of keys) {
          const keyed = message(topic, body);
          keyed.setKeys(key);
          await producer.send(keyed, { selector: selectMessageQueueByHash, arg: key });
        }
      }
      await startConsumer(cluster(), uniqueName('group'), { [topic]: '*' }, { orderly });
      await eventually(() => [...got.values()].every(({ length }) => length === 30));
      for (const key of keys) expect(got.get(key)).toEqual(numbers(30));
      expect(overlaps).toEqual([]);
    });

    it('tries a message that is consumed in order again before the next one, and gives up', async () => {
      const topic = uniqueName('orderly');
      const group = uniqueName('group');
      const producer = startProducer(cluster());
      const { messageQueue } = await producer.send(message(topic, 'bad'));
      await producer.send(message(topic, 'good'), { selector: () => messageQueue });
      const attempts: string[] = [];
      const orderly = ([first]: readonly MessageExt[]) => {
        attempts.push(`${first!.body.toString()} ${first!.reconsumeTimes}`);
        return first!.body.toString() === 'bad' ? 'SUSPEND_CURRENT_QUEUE_A_MOMENT' : 'SUCCESS';
      };
      const consumer: Partial<ConsumerConfig> = { maxReconsumeTimes: 2, suspendCurrentQueueTimeMillis: 10 };
      await startConsumer(cluster(), group, { [topic]: '*' }, { orderly }, { consumer });
      await eventually(() => attempts.includes('good 0'));
      expect(attempts).toEqual(['bad 0', 'bad 1', 'bad 2', 'good 0']);
      const [dead] = await (await TestClient.open(cluster())).read(`%DLQ%${group}`);
      expect(dead!.body.toString()).toBe('bad');
      expect(dead!.getProperty('RETRY_TOPIC')).toBe(topic);
      expect(dead!.getProperty('RECONSUME_TIME')).toBe('3');
      expect(dead!.getProperty('MAX_RECONSUME_TIMES')).toBe('2');
      expect(dead!.getProperty('DELAY')).toBe('-1');
    });

    it('gives a message that fails to the dead-letter queue when it may not be tried again', async () => {
      const topic = await topicWith(cluster(), 1);
      const group = uniqueName('group');
      const listener = {
        concurrently: () => {
          throw new Error('never');
        },
      };
      await startConsumer(cluster(), group, { [topic]: '*' }, listener, {
        consumer: { maxReconsumeTimes: 0 },
      });
      const got: MessageExt[] = [];
      await startConsumer(cluster(), uniqueName('dead'), { [`%DLQ%${group}`]: '*' }, collect(got), {
        client,
      });
      await eventually(() => got.length === 1);
      expect(got[0]).toMatchObject({ topic: `%DLQ%${group}`, reconsumeTimes: 1 });
      expect(got[0]!.getProperty('RETRY_TOPIC')).toBe(topic);
    });

    it('runs at most consumeThreadNumber calls at once', async () => {
      const topic = await topicWith(cluster(), 12);
      let running = 0;
      let most = 0;
      let done = 0;
      const concurrently = async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        done++;
        return 'CONSUME_SUCCESS' as const;
      };
      const consumer = { consumeThreadNumber: 3 };
      await startConsumer(cluster(), uniqueName('group'), { [topic]: '*' }, { concurrently }, { consumer });
      await eventually(() => done === 12);
      expect(most).toBe(3);
    });

    it('hands over at most consumeMessageBatchMaxSize messages', async () => {
      const topic = uniqueName('batches');
      const producer = startProducer(cluster());
      await producer.sendBatch(numbers(10).map((body) => message(topic, body)));
      const sizes: number[] = [];
      const concurrently = (messages: readonly MessageExt[]) => {
        sizes.push(messages.length);
        return 'CONSUME_SUCCESS' as const;
      };
      const consumer = { consumeMessageBatchMaxSize: 4 };
      await startConsumer(cluster(), uniqueName('group'), { [topic]: '*' }, { concurrently }, { consumer });
      await eventually(() => sizes.length === 3);
      expect(sizes).toEqual([4, 4, 2]);
    });

    it('gives messages behind ackIndex back', async ({ skip }) => {
      skip(cluster().isApache === true, 'it has several threads');
      const topic = uniqueName('ack');
      const group = uniqueName('group');
      await startProducer(cluster()).sendBatch(numbers(3).map((body) => message(topic, body)));
      const concurrently = (
        _: readonly MessageExt[],
        context: { ackIndex: number; delayLevelWhenNextConsume: number },
      ) => {
        context.ackIndex = 0;
        context.delayLevelWhenNextConsume = -1;
        return 'CONSUME_SUCCESS' as const;
      };
      const consumer = { consumeMessageBatchMaxSize: 3 };
      await startConsumer(cluster(), group, { [topic]: '*' }, { concurrently }, { consumer });
      const got: MessageExt[] = [];
      await startConsumer(cluster(), uniqueName('dead'), { [`%DLQ%${group}`]: '*' }, collect(got), {
        client,
      });
      await eventually(() => got.length === 2);
      expect(bodies(got)).toEqual(['1', '2']);
    });

    it('makes messages dead with a reason', async () => {
      const topic = uniqueName('dead');
      const group = uniqueName('group');
      const sent = await startProducer(cluster()).send(message(topic, 'bad'));
      const concurrently = (
        _: readonly MessageExt[],
        context: { deadLetterReason?: string; delayLevelWhenNextConsume: number },
      ) => {
        context.deadLetterReason = 'no such order';
        return 'RECONSUME_LATER' as const;
      };
      await startConsumer(cluster(), group, { [topic]: '*' }, { concurrently });
      const got: MessageExt[] = [];
      await startConsumer(cluster(), uniqueName('dead'), { [`%DLQ%${group}`]: '*' }, collect(got), {
        client,
      });
      await eventually(() => got.length === 1);
      expect(got[0]).toMatchObject({ msgId: sent.msgId, topic: `%DLQ%${group}`, reconsumeTimes: 1 });
      expect(got[0]!.getProperty('DLQ_REASON')).toBe('no such order');
      expect(got[0]!.getProperty('RETRY_TOPIC')).toBe(topic);
      expect(bodies(got)).toEqual(['bad']);
    });

    it('waits for running calls at its end, begins no new ones, and names those that did not end', async () => {
      const topic = await topicWith(cluster(), 6);
      const group = uniqueName('group');
      const begun: MessageExt[] = [];
      const finish: (() => void)[] = [];
      const concurrently = async ([first]: readonly MessageExt[]) => {
        begun.push(first!);
        await new Promise<void>((resolve) => finish.push(resolve));
        return 'CONSUME_SUCCESS' as const;
      };
      const consumer = { consumeThreadNumber: 2, awaitTerminationMillisWhenShutdown: 50 };
      const stuck = await startConsumer(cluster(), group, { [topic]: '*' }, { concurrently }, { consumer });
      await eventually(() => begun.length === 2);
      const unfinished = stuck.shutdown();
      finish[0]!();
      expect((await unfinished).map(({ msgId }) => msgId)).toEqual([begun[1]!.msgId]);
      expect(begun).toHaveLength(2);
      const got: MessageExt[] = [];
      await startConsumer(cluster(), group, { [topic]: '*' }, collect(got));
      await eventually(() => got.length >= 5);
      expect(got.map(({ msgId }) => msgId)).not.toContain(begun[0]!.msgId);
      finish[1]!();
    });

    it('refuses an expression without a tag, an illegal group, and a group twice in a client', async () => {
      const instance = startInstance(cluster());
      const create = (consumerGroup: string) =>
        new DefaultMQPushConsumer(instance, { consumerGroup }, collect([]));
      expect(() => create('a.b')).toThrow('consumer.consumerGroup is "a.b"');
      expect(() => create('g').subscribe('t', '||')).toThrow('has no tag');
      await expect(create('DEFAULT_CONSUMER').start()).rejects.toThrow('DEFAULT_CONSUMER, which is reserved');
      const group = uniqueName('group');
      await create(group).start();
      await expect(create(group).start()).rejects.toThrow(
        `The consumer group[${group}] has been created before`,
      );
    });
  });
}

/** A store that outlives its consumers. */
class KeptOffsets implements OffsetStore {
  private readonly noted = new Map<string, number>();

  constructor(private readonly kept: Map<string, number>) {}

  async load(): Promise<void> {}

  updateOffset(mq: MessageQueue, offset: number, increaseOnly: boolean): void {
    if (!increaseOnly || offset > this.memoryOffset(mq)) this.noted.set(messageQueueKey(mq), offset);
  }

  memoryOffset(mq: MessageQueue): number {
    return this.noted.get(messageQueueKey(mq)) ?? -1;
  }

  async readOffset(mq: MessageQueue): Promise<number> {
    return this.kept.get(messageQueueKey(mq)) ?? -1;
  }

  async persistAll(queues: readonly MessageQueue[]): Promise<void> {
    for (const mq of queues) await this.persist(mq);
  }

  async persist(mq: MessageQueue): Promise<void> {
    const offset = this.memoryOffset(mq);
    if (offset >= 0) this.kept.set(messageQueueKey(mq), offset);
  }

  removeOffset(mq: MessageQueue): void {
    this.noted.delete(messageQueueKey(mq));
  }
}
