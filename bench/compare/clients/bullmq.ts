import { Queue, Worker, type ConnectionOptions } from 'bullmq';
import { TOPICS, type Topic } from '../topics.js';
import type { PeerClient, Publisher } from './peer-client.js';

const CONCURRENCY = 64;

/** BullMQ. It has no groups: a message goes to a queue for each. Bodies are texts, since jobs are JSON. */
export async function openBullMQ(port: string): Promise<PeerClient> {
  const connection = { host: '127.0.0.1', port: Number(port), maxRetriesPerRequest: null };
  const open: { close(): Promise<void> }[] = [];
  return {
    publisher: async (topic) => {
      const queues = TOPICS[topic].map((group) => newQueue(nameOf(topic, group), connection));
      open.push(...queues);
      await Promise.all(queues.map((queue) => queue.waitUntilReady()));
      return publisherOf(queues);
    },
    consume: async (topic, group, onMessage) => {
      const handle = async ({ data }: { data: string }) => onMessage(Buffer.from(data, 'latin1'));
      const worker = new Worker<string>(nameOf(topic, group), handle, {
        connection,
        concurrency: CONCURRENCY,
      });
      await worker.waitUntilReady();
      return () => worker.close();
    },
    purge: async (topic) => {
      for (const group of TOPICS[topic]) {
        const queue = newQueue(nameOf(topic, group), connection);
        await queue.drain();
        await queue.close();
      }
    },
    close: async () => {
      await Promise.all(open.map((queue) => queue.close()));
    },
  };
}

function newQueue(name: string, connection: ConnectionOptions): Queue<string, void, string> {
  return new Queue(name, { connection, defaultJobOptions: { removeOnComplete: true } });
}

const nameOf = (topic: Topic, group: string): string => `${topic}-${group}`;

function publisherOf(queues: readonly Queue<string, void, string>[]): Publisher {
  const sendTo = (add: (queue: Queue<string, void, string>) => Promise<unknown>) =>
    queues.length === 1 ? add(queues[0]!) : Promise.all(queues.map(add));
  return {
    send: (body) => {
      const data = body.toString('latin1');
      return sendTo((queue) => queue.add('bench', data));
    },
    sendBatch: (bodies) => {
      const jobs = bodies.map((body) => ({ name: 'bench', data: body.toString('latin1') }));
      return sendTo((queue) => queue.addBulk(jobs));
    },
  };
}
