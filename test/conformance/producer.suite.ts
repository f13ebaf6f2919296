import { describe, expect, it } from 'vitest';
import { MessageSysFlag } from '../../lib/common/message-sys-flag.js';
import { Message } from '../../lib/common/message.js';
import {
  DefaultMQProducer,
  selectMessageQueueByHash,
  type MessageQueueSelector,
} from '../../lib/client/index.js';
import { MQBrokerError, MQClientError } from '../../lib/errors/index.js';
import { ResponseCode } from '../../lib/remoting/response-code.js';
import { eventually } from '../support/eventually.js';
import { javaVectors } from '../support/java-vectors.js';
import { bodies, message, startInstance, startProducer } from '../support/test-peers.js';
import { TestClient } from '../support/test-client.js';
import { uniqueName, type ClusterRef } from './cluster.js';

const MIB = 1024 * 1024;
const UNIQUE_ID = /^[0-9A-F]{32}([0-9A-F]{24})?$/;

/** DefaultMQProducer: wire-protocol.md 5.2 and 5.3. */
export function describeProducer(cluster: ClusterRef): void {
  describe('producer', () => {
    it('tells where a message lies', async () => {
      const producer = startProducer(cluster());
      const client = await TestClient.open(cluster());
      const topic = uniqueName('send');
      const result = await producer.send(new Message(topic, Buffer.from('body'), 'tag', ['k1', 'k2']));
      expect(result).toMatchObject({ sendStatus: 'SEND_OK', queueOffset: 0, regionId: 'DefaultRegion' });
      expect(result.msgId).toMatch(UNIQUE_ID);
      expect(result.transactionId).toBe(result.msgId);
      const { queueId } = result.messageQueue;
      expect(result.messageQueue).toEqual({ topic, brokerName: client.brokerName, queueId });
      const [stored] = await client.read(topic, queueId);
      expect(stored).toMatchObject({ tags: 'tag', keys: 'k1 k2', msgId: result.msgId });
      expect(stored!.offsetMsgId).toBe(result.offsetMsgId);
      expect(Math.abs(stored!.bornTimestamp - Date.now())).toBeLessThan(60_000);
    });

    it('creates a topic with 4 queues, and takes them in turn', async () => {
      const producer = startProducer(cluster());
      const topic = uniqueName('turn');
      await producer.send(message(topic));
      const queues: number[] = [];
      for (let i = 0; i < 8; i++) queues.push((await producer.send(message(topic))).messageQueue.queueId);
      expect(new Set(queues.slice(0, 4))).toEqual(new Set([0, 1, 2, 3]));
      expect(queues.slice(4)).toEqual(queues.slice(0, 4));
    });

    it.each([1, 6, 16])('creates a topic with %i queues, as far as the broker allows', async (count) => {
      const producer = startProducer(cluster(), { producer: { defaultTopicQueueNums: count } });
      const client = await TestClient.open(cluster());
      const topic = uniqueName('count');
      await producer.send(message(topic));
      const { body } = await client.route(topic);
      expect(body!.queueDatas[0]!.writeQueueNums).toBe(Math.min(count, 8));
    });

    it('gives every message an id of its own', async () => {
      const producer = startProducer(cluster());
      const other = startProducer(cluster());
      const topic = uniqueName('ids');
      const sends = Array.from({ length: 50 }, (_, i) => (i % 2 ? producer : other).send(message(topic)));
      const ids = (await Promise.all(sends)).map(({ msgId }) => msgId);
      expect(new Set(ids).size).toBe(50);
    });

    it('keeps the id of a message that is sent again', async () => {
      const producer = startProducer(cluster());
      const again = message(uniqueName('again'));
      const first = await producer.send(again);
      expect((await producer.send(again)).msgId).toBe(first.msgId);
    });

    it('sends asynchronously', async () => {
      const producer = startProducer(cluster());
      const topic = uniqueName('async');
      const results = await Promise.all([1, 2, 3].map(() => producer.sendAsync(message(topic))));
      expect(results.map(({ sendStatus }) => sendStatus)).toEqual(['SEND_OK', 'SEND_OK', 'SEND_OK']);
    });

    it('sends one way, with an id', async ({ skip }) => {
      skip(cluster().isApache === true, 'its threads may overtake each other');
      const producer = startProducer(cluster());
      const client = await TestClient.open(cluster());
      const topic = uniqueName('oneway');
      const { messageQueue } = await producer.send(message(topic, 'first'));
      const oneway = message(topic, 'oneway');
      await producer.sendOneway(oneway, { selector: () => messageQueue });
      await producer.send(message(topic, 'last'), { selector: () => messageQueue });
      const stored = await client.read(topic, messageQueue.queueId);
      expect(bodies(stored)).toEqual(['first', 'oneway', 'last']);
      expect(oneway.getProperty('UNIQ_KEY')).toMatch(UNIQUE_ID);
      expect(stored[1]!.msgId).toBe(oneway.getProperty('UNIQ_KEY'));
    });

    it('sends a batch to one queue', async () => {
      const producer = startProducer(cluster());
      const client = await TestClient.open(cluster());
      const topic = uniqueName('batch');
      const batch = ['a', 'b', 'c'].map((body) => message(topic, body, `tag-${body}`));
      const result = await producer.sendBatch(batch);
      expect(result.msgId.split(',')).toHaveLength(3);
      expect(result.offsetMsgId.split(',')).toHaveLength(3);
      const stored = await client.read(topic, result.messageQueue.queueId);
      expect(bodies(stored)).toEqual(['a', 'b', 'c']);
      expect(stored.map(({ tags }) => tags)).toEqual(['tag-a', 'tag-b', 'tag-c']);
    });

    it('chooses the queue of a key as Java does', async () => {
      const producer = startProducer(cluster());
      const topic = uniqueName('hash');
      for (const { type, arg, indexByQueueCount } of javaVectors.selectMessageQueueByHash) {
        if (type !== 'String') continue;
        const options = { selector: selectMessageQueueByHash, arg };
        const { messageQueue } = await producer.send(message(topic), options);
        expect(messageQueue.queueId, arg).toBe(indexByQueueCount[4]);
      }
    });

    it('asks a selector of the application for the queue', async () => {
      const producer = startProducer(cluster());
      const client = await TestClient.open(cluster());
      const topic = uniqueName('selector');
      await producer.send(message(topic));
      const seen: string[] = [];
      const selector: MessageQueueSelector = (queues, { tags }, arg) => {
        seen.push(`${queues.length} ${tags} ${arg}`);
        return queues[2]!;
      };
      const options = { selector, arg: 'key' };
      const results = [
        await producer.send(message(topic, 'a', 'x'), options),
        await producer.sendAsync(message(topic, 'b', 'x'), options),
        await producer.sendBatch([message(topic, 'c', 'x')], options),
        await producer.sendBatchAsync([message(topic, 'd', 'x')], options),
      ];
      expect(results.map(({ messageQueue }) => messageQueue.queueId)).toEqual([2, 2, 2, 2]);
      expect(seen).toEqual(Array.from({ length: 4 }, () => '4 x key'));
      const stored = bodies(await client.read(topic, 2));
      expect(stored.slice(-4)).toEqual(['a', 'b', 'c', 'd']);
    });

    it('bounds its asynchronous sends, and stores them all', async () => {
      const bound = { enableBackpressureForAsyncMode: true, backPressureForAsyncSendNum: 4 };
      const producer = startProducer(cluster(), { producer: bound });
      const client = await TestClient.open(cluster());
      const topic = uniqueName('bound');
      const { messageQueue } = await producer.send(message(topic, '0'));
      const selector = () => messageQueue;
      const sends = Array.from({ length: 9 }, (_, i) =>
        producer.sendAsync(message(topic, `${i + 1}`), { selector }),
      );
      const ends = await Promise.allSettled(sends);
      expect(ends.map(({ status }) => status)).toEqual([
        ...Array.from({ length: 8 }, () => 'fulfilled'),
        'rejected',
      ]);
      const stored = bodies(await client.read(topic, messageQueue.queueId));
      expect(stored.toSorted()).toEqual(Array.from({ length: 9 }, (_, i) => `${i}`));
    });

    describe('compresses', () => {
      it.each([
        ['no body of 4095 bytes', 4095, false],
        ['a body of 4096 bytes', 4096, true],
        ['a large body', 300_000, true],
      ])('%s', async (_, size, isCompressed) => {
        const producer = startProducer(cluster());
        const client = await TestClient.open(cluster());
        const topic = uniqueName('compress');
        const { messageQueue } = await producer.send(message(topic, Buffer.alloc(size, 'x')));
        const [stored] = await client.read(topic, messageQueue.queueId);
        const flags = isCompressed ? MessageSysFlag.COMPRESSED | MessageSysFlag.COMPRESSION_ZLIB : 0;
        expect(stored!.sysFlag & (MessageSysFlag.COMPRESSED | MessageSysFlag.COMPRESSION_TYPE_MASK)).toBe(
          flags,
        );
        expect(stored!.storedBody.length < size).toBe(isCompressed);
        expect(stored!.body).toEqual(Buffer.alloc(size, 'x'));
      });

      it('what is sent one way, but no batch', async ({ skip }) => {
        skip(cluster().isApache === true, 'one-way sends are visible later');
        const producer = startProducer(cluster());
        const client = await TestClient.open(cluster());
        const topic = uniqueName('compress');
        const body = Buffer.alloc(5000, 'x');
        const { messageQueue } = await producer.sendBatch([message(topic, body)]);
        await producer.sendOneway(message(topic, body), { selector: () => messageQueue });
        await producer.send(message(topic), { selector: () => messageQueue });
        const stored = await client.read(topic, messageQueue.queueId);
        expect(stored.map(({ sysFlag }) => sysFlag & MessageSysFlag.COMPRESSED)).toEqual([0, 1, 0]);
      });
    });

    describe('refuses', () => {
      it.each([
        ['an empty body', message('refused', ''), 'the message body length is zero', 13],
        ['no body', new Message('refused', undefined as never), 'the message body is null', 13],
        [
          'a body above 4 MiB',
          message('refused', Buffer.alloc(4 * MIB + 1)),
          'the message body size 4194305 is over max value, MAX: 4194304',
          13,
        ],
        ['a blank topic', message(' '), 'The specified topic is blank', undefined],
        ['an illegal topic', message('a.b'), 'contains illegal characters', undefined],
        ['a topic that is too long', message('x'.repeat(128)), 'longer than topic max length', undefined],
        [
          'a topic of the system',
          message('SCHEDULE_TOPIC_XXXX'),
          'Sending message to topic [SCHEDULE_TOPIC_XXXX] is forbidden',
          undefined,
        ],
      ])('%s, in every kind of send', async (_, bad, text, responseCode) => {
        const producer = startProducer(cluster());
        for (const send of [
          () => producer.send(bad),
          () => producer.sendAsync(bad),
          () => producer.sendOneway(bad),
          () => producer.sendBatch([bad]),
        ]) {
          const error = await send().then(
            () => undefined,
            (reason: unknown) => reason,
          );
          expect(error).toBeInstanceOf(MQClientError);
          expect((error as MQClientError).message).toContain(text);
          expect((error as MQClientError).responseCode).toBe(responseCode);
        }
      });

      it('a batch of nothing, of several topics, with delays, or that is too large', async () => {
        const producer = startProducer(cluster());
        const client = await TestClient.open(cluster());
        const topic = uniqueName('batch');
        const delayed = message(topic);
        delayed.delayTimeLevel = 1;
        const impatient = message(topic);
        impatient.waitStoreMsgOK = false;
        const half = Buffer.alloc(2 * MIB + 1);
        for (const [batch, text] of [
          [[], '`messages` can not be empty'],
          [
            [message(topic), message(`${topic}-b`)],
            'The topic of the messages in one batch should be the same',
          ],
          [[message(topic), delayed], 'TimeDelayLevel is not supported for batching'],
          [[message(topic), impatient], 'The waitStoreMsgOK of the messages in one batch should the same'],
          [[message('%RETRY%g')], 'Retry Group is not supported for batching'],
          [[message(topic, half), message(topic, half)], 'over max value, MAX: 4194304'],
        ] as const) {
          await expect(producer.sendBatch(batch)).rejects.toThrow(text);
        }
        expect((await client.route(topic)).code).toBe(ResponseCode.TOPIC_NOT_EXIST);
      });

      it('properties above 32,767 bytes, as the broker says', async () => {
        const producer = startProducer(cluster());
        const client = await TestClient.open(cluster());
        const topic = uniqueName('properties');
        const { messageQueue } = await producer.send(message(topic));
        const bad = message(topic);
        bad.putUserProperty('long', 'x'.repeat(32_767));
        const error = await producer.send(bad, { selector: () => messageQueue }).catch((reason) => reason);
        expect(error).toBeInstanceOf(MQBrokerError);
        expect(error.responseCode).toBe(ResponseCode.MESSAGE_ILLEGAL);
        expect(error).toMatchObject({ topic, broker: client.brokerName });
        expect(await client.read(topic, messageQueue.queueId)).toHaveLength(1);
      });

      it('a send to a topic that may not be created', async () => {
        const producer = startProducer(cluster(), { producer: { createTopicKey: uniqueName('no-pattern') } });
        const error = await producer.send(message(uniqueName('none'))).catch((reason) => reason);
        expect(error).toBeInstanceOf(MQClientError);
        expect(error.message).toContain('No route info of this topic');
        expect(error.responseCode).toBe(10_005);
      });

      it('to work without being started, or after its shutdown', async () => {
        const producer = new DefaultMQProducer(startInstance(cluster()), { group: 'p' });
        const text = 'The producer is not running, start it first';
        await expect(producer.send(message('t'))).rejects.toThrow(text);
        await expect(producer.sendOneway(message('t'))).rejects.toThrow(text);
        producer.start();
        await producer.send(message(uniqueName('started')));
        producer.shutdown();
        await expect(producer.send(message('t'))).rejects.toThrow(text);
      });

      it('reserved and illegal groups, and a group twice in a client', () => {
        const instance = startInstance(cluster());
        expect(() => new DefaultMQProducer(instance, { group: 'DEFAULT_PRODUCER' }).start()).toThrow(
          'DEFAULT_PRODUCER, which is reserved',
        );
        expect(() => new DefaultMQProducer(instance, { group: 'a.b' })).toThrow('producer.group is "a.b"');
        new DefaultMQProducer(instance, { group: 'p' }).start();
        expect(() => new DefaultMQProducer(instance, { group: 'p' }).start()).toThrow(
          'The producer group[p] has been created before',
        );
      });
    });

    it('stores what was sent at once in the order of the calls', async ({ skip }) => {
      skip(cluster().isApache === true, 'it has several threads');
      const producer = startProducer(cluster());
      const client = await TestClient.open(cluster());
      const topic = uniqueName('order');
      const { messageQueue } = await producer.send(message(topic, '0'));
      const selector = () => messageQueue;
      let done = 0;
      for (let i = 1; i < 200; i++)
        void producer.sendAsync(message(topic, `${i}`), { selector }).then(() => done++);
      await eventually(() => done === 199);
      const stored = bodies(await client.read(topic, messageQueue.queueId));
      expect(stored).toEqual(Array.from({ length: 200 }, (_, i) => `${i}`));
    });
  });
}
