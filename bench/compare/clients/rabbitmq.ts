import { connect, type ChannelModel } from 'amqplib';
import { TOPICS, TOPIC_NAMES } from '../topics.js';
import type { PeerClient, Publisher } from './peer-client.js';

const PREFETCH = 256;

export type QueueType = 'classic' | 'quorum';

/** RabbitMQ with confirms: a queue for each group, behind a fanout exchange where there are several. */
export async function openRabbitMQ(port: string, queueType: QueueType): Promise<PeerClient> {
  const connection = await connect(`amqp://127.0.0.1:${port}`);
  await declare(connection, queueType);
  return {
    publisher: async (topic) => {
      const isFan = TOPICS[topic].length > 1;
      return publisherOf(connection, isFan ? topic : '', isFan ? '' : TOPICS[topic][0]!);
    },
    consume: async (_topic, group, onMessage) => {
      const channel = await connection.createChannel();
      await channel.prefetch(PREFETCH);
      await channel.consume(group, (message) => {
        onMessage(message!.content);
        channel.ack(message!);
      });
      return () => channel.close();
    },
    purge: async (topic) => {
      const channel = await connection.createChannel();
      for (const group of TOPICS[topic]) await channel.purgeQueue(group);
      await channel.close();
    },
    close: () => connection.close(),
  };
}

async function declare(connection: ChannelModel, queueType: QueueType): Promise<void> {
  const channel = await connection.createChannel();
  for (const topic of TOPIC_NAMES) {
    await channel.assertExchange(topic, 'fanout', { durable: true });
    for (const group of TOPICS[topic]) {
      await channel.assertQueue(group, { durable: true, arguments: { 'x-queue-type': queueType } });
      await channel.bindQueue(group, topic, '');
    }
  }
  await channel.close();
}

async function publisherOf(connection: ChannelModel, exchange: string, key: string): Promise<Publisher> {
  const channel = await connection.createConfirmChannel();
  return {
    send: (body) =>
      new Promise<void>((resolve, reject) => {
        channel.publish(exchange, key, body, { persistent: true }, (error: Error | null) =>
          error === null ? resolve() : reject(error),
        );
      }),
  };
}
