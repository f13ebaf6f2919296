import {
  AckPolicy,
  jetstream,
  jetstreamManager,
  StorageType,
  type JetStreamManager,
} from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { TOPICS, TOPIC_NAMES } from '../topics.js';
import type { PeerClient } from './peer-client.js';

const PREFETCH = 500;

/** NATS JetStream: a stream in files for each topic, a durable consumer for each group. */
export async function openNats(port: string): Promise<PeerClient> {
  const connection = await connect({ servers: `127.0.0.1:${port}` });
  const streams = jetstream(connection);
  const manager = await jetstreamManager(connection);
  await declare(manager);
  return {
    publisher: async (topic) => ({ send: (body) => streams.publish(topic, body) }),
    consume: async (topic, group, onMessage) => {
      const consumer = await streams.consumers.get(topic, group);
      const messages = await consumer.consume({
        max_messages: PREFETCH,
        callback: (message) => {
          onMessage(Buffer.from(message.data.buffer, message.data.byteOffset, message.data.byteLength));
          message.ack();
        },
      });
      return async () => {
        await messages.close();
      };
    },
    purge: (topic) => manager.streams.purge(topic),
    close: () => connection.close(),
  };
}

async function declare(manager: JetStreamManager): Promise<void> {
  for (const topic of TOPIC_NAMES) {
    await manager.streams.add({ name: topic, subjects: [topic], storage: StorageType.File });
    for (const group of TOPICS[topic]) {
      await manager.consumers.add(topic, { durable_name: group, ack_policy: AckPolicy.Explicit });
    }
  }
}
