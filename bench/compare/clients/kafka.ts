import { Admin, Consumer, ProduceAcks, Producer } from '@platformatic/kafka';
import { TOPIC_NAMES } from '../topics.js';
import type { PeerClient, Publisher } from './peer-client.js';

const PARTITIONS = 8;

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
        autocommit: true,
      });
      stream.on('data', ({ value }) => onMessage(value));
      return async () => {
        await consumer.close(true);
      };
    },
    close: async () => {
      await Promise.all(producers.map((producer) => producer.close(true)));
    },
  };
}

async function declare(admin: Admin): Promise<void> {
  const known = await admin.listTopics();
  const topics = TOPIC_NAMES.filter((topic) => !known.includes(topic));
  if (topics.length > 0) await admin.createTopics({ topics, partitions: PARTITIONS, replicas: 1 });
  await admin.close();
}

function publisherOf(producer: Producer, topic: string): Publisher {
  let sent = 0;
  const messageOf = (value: Buffer) => ({ topic, value, partition: sent++ % PARTITIONS });
  return {
    send: (body) => producer.send({ messages: [messageOf(body)] }),
    sendBatch: (bodies) => {
      const partition = sent++ % PARTITIONS;
      return producer.send({ messages: bodies.map((value) => ({ topic, value, partition })) });
    },
  };
}
