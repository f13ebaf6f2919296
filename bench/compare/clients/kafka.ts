import { Admin, Consumer, ProduceAcks, Producer } from '@platformatic/kafka';
import { TOPIC_NAMES } from '../topics.js';
import type { PeerClient, Publisher } from './peer-client.js';

const PARTITIONS = 8;

/** Milliseconds, as with Kafka's own client. With `true`, a commit for each fetch, this one stops for seconds at 1,000 a second. */
const COMMIT_INTERVAL = 5000;

/** Most messages of a request: those of 1 KiB that fill a batch of Kafka's own client are fewer. */
const MOST_AT_ONCE = 1024;

/** Apache Kafka, acknowledged by all replicas (of which there is one), offsets committed by the client. */
export async function openKafka(port: string): Promise<PeerClient> {
  const base = { clientId: 'bench', bootstrapBrokers: [`127.0.0.1:${port}`] };
  await declare(new Admin(base));
  const producers: Producer[] = [];
  return {
    publisher: async (topic) => {
      const producer = new Producer({ ...base, acks: ProduceAcks.ALL });
      producers.push(producer);
      return publisherOf(producer, topic);
    },
    consume: async (topic, groupId, onMessage) => {
      const consumer = new Consumer({ ...base, groupId });
      const stream = await consumer.consume({
        topics: [topic],
        mode: 'committed',
        fallbackMode: 'earliest',
        autocommit: COMMIT_INTERVAL,
      });
      stream.on('data', ({ value }) => onMessage(value));
      return async () => {
        await stream.close();
        await consumer.close();
      };
    },
    close: async () => {
      await Promise.all(producers.map((producer) => producer.close()));
    },
  };
}

async function declare(admin: Admin): Promise<void> {
  const known = await admin.listTopics();
  const topics = TOPIC_NAMES.filter((topic) => !known.includes(topic));
  if (topics.length > 0) await admin.createTopics({ topics, partitions: PARTITIONS, replicas: 1 });
  await admin.close();
}

/** What is sent while a request is under way goes with the next one: this client has no batches for `send`, as Kafka's own has. */
function publisherOf(producer: Producer, topic: string): Publisher {
  let sent = 0;
  const waiting: { value: Buffer; done: () => void; failed: (error: unknown) => void }[] = [];
  let isSending = false;
  const sendWaiting = async (): Promise<void> => {
    isSending = true;
    while (waiting.length > 0) {
      const sends = waiting.splice(0, MOST_AT_ONCE);
      const messages = sends.map(({ value }) => ({ topic, value, partition: sent++ % PARTITIONS }));
      await producer.send({ messages }).then(
        () => sends.forEach(({ done }) => done()),
        (error: unknown) => sends.forEach(({ failed }) => failed(error)),
      );
    }
    isSending = false;
  };
  return {
    send: (value) =>
      new Promise<void>((done, failed) => {
        waiting.push({ value, done, failed });
        if (!isSending) void sendWaiting();
      }),
    sendBatch: (bodies) => {
      const partition = sent++ % PARTITIONS;
      return producer.send({ messages: bodies.map((value) => ({ topic, value, partition })) });
    },
  };
}
