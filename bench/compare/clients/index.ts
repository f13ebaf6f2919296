import type { PeerClient } from './peer-client.js';

/** Loaded only when they are wanted: a process measures one of them, and its memory. */
export const CLIENTS: Readonly<Record<string, (address: string) => Promise<PeerClient>>> = {
  embedded: async (address) => (await import('./embedded.js')).openEmbedded(address),
  rocketmq: async (address) => (await import('./rocketmq.js')).openRocketMQ(address),
  bullmq: async (port) => (await import('./bullmq.js')).openBullMQ(port),
  rabbitmq: async (port) => (await import('./rabbitmq.js')).openRabbitMQ(port, 'classic'),
  'rabbitmq-quorum': async (port) => (await import('./rabbitmq.js')).openRabbitMQ(port, 'quorum'),
  nats: async (port) => (await import('./nats.js')).openNats(port),
  kafka: async (port) => (await import('./kafka.js')).openKafka(port),
};
