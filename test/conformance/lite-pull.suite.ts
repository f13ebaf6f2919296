import { describe, expect, it, onTestFinished } from 'vitest';
import type { MessageExt } from '../../lib/common/message-ext.js';
import type { MessageQueue } from '../../lib/common/message-queue.js';
import { DefaultLitePullConsumer, MQAdminImpl, type LitePullConsumerConfig } from '../../lib/client/index.js';
import { eventually } from '../support/eventually.js';
import { bodies, message, startInstance, startProducer } from '../support/test-peers.js';
import { temporaryDirectory } from '../support/test-store.js';
import { uniqueName, type ClusterRef } from './cluster.js';

const client = { pollNameServerInterval: 200, rebalanceInterval: 200 };
const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i}`);

function open(cluster: ClusterRef, consumerGroup: string, config: Partial<LitePullConsumerConfig> = {}) {
  const instance = startInstance(cluster(), { client });
  const consumer = new DefaultLitePullConsumer(instance, {
    consumerGroup,
    consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
    ...config,
  });
  onTestFinished(() => consumer.shutdown());
  return consumer;
}

async function poll(consumer: DefaultLitePullConsumer, count: number): Promise<MessageExt[]> {
  const messages: MessageExt[] = [];
  for (let i = 0; i < 50 && messages.length < count; i++) messages.push(...(await consumer.poll(1000)));
  return messages;
}

const sorted = (messages: readonly MessageExt[]): string[] => bodies(messages).toSorted();

const first = ([queue]: readonly MessageQueue[]): MessageQueue => queue!;

/** A topic of four queues with the numbers from 0 to `count`, in turn. */
async function topicWith(cluster: ClusterRef, count: number): Promise<string> {
  const topic = uniqueName('pulled');
  const producer = startProducer(cluster());
  for (let i = 0; i < count; i++)
    await producer.send(message(topic, `${i}`), { selector: (queues) => queues[i % queues.length]! });
  return topic;
}

/** DefaultLitePullConsumer: wire-protocol.md 5.12. */
export function describeLitePull(cluster: ClusterRef): void {
  describe('lite pull consumer', () => {
    it('fetches what its group is subscribed to, and goes on where the group committed', async () => {
      const topic = await topicWith(cluster, 12);
      const group = uniqueName('group');
      const first = open(cluster, group, { autoCommit: false });
      const told: (readonly MessageQueue[])[] = [];
      await first.subscribe(topic, '*', (queues) => told.push(queues));
      await first.start();
      const fetched = await poll(first, 12);
      expect(sorted(fetched)).toEqual(numbers(12).toSorted());
      expect(fetched[0]!.topic).toBe(topic);
      expect(told.at(-1)).toEqual(first.assignment());
      expect(first.assignment()).toHaveLength(4);
      await first.commit();
      await first.shutdown();
      await startProducer(cluster()).send(message(topic, 'new'));
      const second = open(cluster, group, { autoCommit: false });
      await second.subscribe(topic);
      await second.start();
      expect(bodies(await poll(second, 1))).toEqual(['new']);
      await second.shutdown();
      const third = open(cluster, group);
      await third.subscribe(topic);
      await third.start();
      expect(bodies(await poll(third, 1))).toEqual(['new']);
    });

    it('fetches only messages with its tags', async () => {
      const topic = uniqueName('pulled');
      const producer = startProducer(cluster());
      for (const tag of ['a', 'b', 'a', 'c'])
        await producer.send(message(topic, tag, tag), { selector: first });
      const consumer = open(cluster, uniqueName('group'));
      await consumer.subscribe(topic, 'a || c');
      await consumer.start();
      expect(bodies(await poll(consumer, 3))).toEqual(['a', 'a', 'c']);
    });

    it('shares the queues with the other members', async () => {
      const topic = await topicWith(cluster, 4);
      const group = uniqueName('group');
      const members = [open(cluster, group), open(cluster, group)];
      for (const member of members) {
        await member.subscribe(topic);
        await member.start();
      }
      await eventually(() => members.every((member) => member.assignment().length === 2));
      await members[0]!.shutdown();
      await eventually(() => members[1]!.assignment().length === 4);
    });

    it('gets everything itself when it broadcasts, and goes on by offsets of its own', async () => {
      const topic = await topicWith(cluster, 4);
      const group = uniqueName('group');
      const localOffsetStoreDir = temporaryDirectory();
      const member = async (instanceName: string) => {
        const config = { ...client, localOffsetStoreDir, instanceName };
        const consumer = new DefaultLitePullConsumer(startInstance(cluster(), { client: config }), {
          consumerGroup: group,
          messageModel: 'BROADCASTING',
          consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
        });
        onTestFinished(() => consumer.shutdown());
        await consumer.subscribe(topic);
        await consumer.start();
        return consumer;
      };
      const members = [await member('one'), await member('two')];
      for (const consumer of members) expect(sorted(await poll(consumer, 4))).toEqual(numbers(4));
      await members[0]!.commit();
      await members[0]!.shutdown();
      await startProducer(cluster()).send(message(topic, 'new'));
      expect(bodies(await poll(await member('one'), 1))).toEqual(['new']);
    });

    it('takes the queues that it names, seeks in them, and knows their offsets', async () => {
      const topic = await topicWith(cluster, 12);
      const consumer = open(cluster, uniqueName('group'), { autoCommit: false });
      await consumer.start();
      const queues = await consumer.fetchMessageQueues(topic);
      expect(queues).toHaveLength(4);
      const [queue] = queues;
      await consumer.assign([queue!]);
      await consumer.seekToBegin(queue!);
      const all = await poll(consumer, 3);
      expect(all).toHaveLength(3);
      await consumer.seek(queue!, 1);
      expect(bodies(await poll(consumer, 2))).toEqual(bodies(all.slice(1)));
      await consumer.seekToBegin(queue!);
      await consumer.seekToEnd(queue!);
      await startProducer(cluster()).send(message(topic, 'end'), { selector: () => queue! });
      expect(bodies(await poll(consumer, 1))).toEqual(['end']);
      // What a broker says of a young queue in which a group has committed nothing.
      expect(await consumer.committed(queue!)).toBe(0);
      await consumer.commit();
      expect(await consumer.committed(queue!)).toBe(4);
      await consumer.commitOffset(queue!, 2);
      expect(await consumer.committed(queue!)).toBe(2);
      expect(await consumer.offsetForTimestamp(queue!, 0)).toBe(0);
      expect(await consumer.offsetForTimestamp(queue!, Date.now() + 60_000)).toBe(4);
      await expect(consumer.seek(queue!, 5)).rejects.toThrow(
        'Seek offset illegal, seek offset = 5, min offset = 0, max offset = 4',
      );
      await expect(consumer.seek(queues[1]!, 1)).rejects.toThrow('not in assigned list');
      await expect(consumer.subscribe(topic)).rejects.toThrow('mutually exclusive');
    });

    it('fetches nothing from queues that are paused', async () => {
      const topic = await topicWith(cluster, 8);
      const consumer = open(cluster, uniqueName('group'));
      await consumer.start();
      const queues = await consumer.fetchMessageQueues(topic);
      await consumer.assign(queues);
      consumer.pause(queues);
      for (const queue of queues) await consumer.seekToBegin(queue);
      expect(await consumer.poll(300)).toEqual([]);
      consumer.resume(queues);
      expect(sorted(await poll(consumer, 8))).toEqual(numbers(8));
    });

    it('commits by itself, with a poll, what polls before it returned', async () => {
      const topic = await topicWith(cluster, 4);
      const group = uniqueName('group');
      const consumer = open(cluster, group, { autoCommitIntervalMillis: 1000 });
      await consumer.subscribe(topic);
      await consumer.start();
      expect(await poll(consumer, 4)).toHaveLength(4);
      const committed = async () => {
        await consumer.poll(250);
        return Promise.all(consumer.assignment().map((mq) => consumer.committed(mq)));
      };
      await expect.poll(committed, { timeout: 10_000 }).toEqual([1, 1, 1, 1]);
    });

    it('wakes a poll when a message comes, when it is shut down, and when the caller gives up', async () => {
      const topic = await topicWith(cluster, 4);
      const consumer = open(cluster, uniqueName('group'));
      await consumer.subscribe(topic);
      await consumer.start();
      await poll(consumer, 4);
      const next = consumer.poll(60_000);
      await startProducer(cluster()).send(message(topic, 'woken'));
      expect(bodies(await next)).toEqual(['woken']);
      const abort = new AbortController();
      const given = consumer.poll(60_000, 1, abort.signal);
      abort.abort(new Error('enough'));
      await expect(given).rejects.toThrow('enough');
      const last = consumer.poll(60_000);
      await consumer.shutdown();
      expect(await last).toEqual([]);
      await expect(consumer.poll()).rejects.toThrow('not running');
    });

    it('holds no more in memory than its thresholds allow, and gets everything all the same', async () => {
      const topic = await topicWith(cluster, 60);
      const consumer = open(cluster, uniqueName('group'), { pullThresholdForAll: 5, pullBatchSize: 2 });
      await consumer.subscribe(topic);
      await consumer.start();
      expect(sorted(await poll(consumer, 60))).toEqual(numbers(60).toSorted());
    });
  });

  describe('questions about messages', () => {
    it('finds messages by key, by id, and by where they lie', async () => {
      const topic = uniqueName('asked');
      const producer = startProducer(cluster());
      const keyed = message(topic, 'found');
      keyed.setKeys(['k1', 'k2']);
      const { msgId, offsetMsgId, messageQueue } = await producer.send(keyed);
      const admin = new MQAdminImpl(startInstance(cluster()));
      const options = { maxNum: 10, begin: 0, end: Date.now() + 60_000 };
      let found: MessageExt[] = [];
      await eventually(async () => {
        found = await admin.queryMessage(topic, 'k2', options);
        return found.length > 0;
      });
      expect(bodies(found)).toEqual(['found']);
      expect(await admin.queryMessage(topic, 'k3', options)).toEqual([]);
      expect((await admin.queryMessageByUniqKey(topic, msgId))!.body.toString()).toBe('found');
      expect((await admin.viewMessage(offsetMsgId)).msgId).toBe(msgId);
      const { messages, nextOffset } = await admin.pull(messageQueue, 0, 32);
      expect([bodies(messages), nextOffset]).toEqual([['found'], 1]);
      expect(await admin.pull(messageQueue, 1, 32)).toEqual({ messages: [], nextOffset: 1 });
    });

    it('connects to brokers of the cluster only, whatever an id says', async () => {
      const admin = new MQAdminImpl(startInstance(cluster()));
      const elsewhere = 'C0000201000000010000000000000000';
      await expect(admin.viewMessage(elsewhere)).rejects.toThrow('where the cluster has no broker');
      await expect(admin.viewMessage('x')).rejects.toThrow('is not an offset message id');
      await expect(admin.fetchMessageQueues(uniqueName('none'))).rejects.toThrow('No route info');
    });
  });
}
