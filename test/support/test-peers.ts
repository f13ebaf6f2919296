import { onTestFinished } from 'vitest';
import { systemClock, type Clock } from '../../lib/common/clock.js';
import { Message } from '../../lib/common/message.js';
import type { MessageExt } from '../../lib/common/message-ext.js';
import type { MessageQueue } from '../../lib/common/message-queue.js';
import {
  DefaultMQProducer,
  DefaultMQPushConsumer,
  MQClientInstance,
  TransactionMQProducer,
  type AllocateMessageQueueStrategy,
  type ClientConfig,
  type ConsumerConfig,
  type MessageListener,
  type MessageSelector,
  type ProducerConfig,
  type TransactionListener,
} from '../../lib/client/index.js';
import type { Transport } from '../../lib/remoting/transport/transport.js';
import { uniqueName, type Cluster } from '../conformance/cluster.js';
import { RecordingLogger } from './test-store.js';

export interface TestInstanceOptions {
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly logger?: RecordingLogger;
  readonly transport?: Transport;
  readonly client?: Partial<ClientConfig>;
}

/** A client that is shut down when the test ends. */
export function startInstance(cluster: Cluster, options: TestInstanceOptions = {}): MQClientInstance {
  const instance = new MQClientInstance({
    transport: options.transport ?? cluster.connect(),
    namesrvAddrs: cluster.namesrvAddrs,
    config: options.client,
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
    logger: options.logger ?? new RecordingLogger(),
  });
  onTestFinished(() => instance.shutdown());
  return instance;
}

export interface TestProducerOptions extends TestInstanceOptions {
  readonly producer?: Partial<ProducerConfig>;
}

export function startProducer(cluster: Cluster, options: TestProducerOptions = {}): DefaultMQProducer {
  const instance = startInstance(cluster, options);
  const producer = new DefaultMQProducer(instance, { group: 'test-producer', ...options.producer });
  producer.start();
  onTestFinished(() => producer.shutdown());
  return producer;
}

/** A producer with transactions, in a group of its own. */
export function startTransactionProducer(
  cluster: Cluster,
  listener: TransactionListener,
  options: TestProducerOptions = {},
): TransactionMQProducer {
  const instance = startInstance(cluster, options);
  const config = { group: uniqueName('tx-producer'), ...options.producer };
  const producer = new TransactionMQProducer(instance, config, listener);
  producer.start();
  onTestFinished(() => producer.shutdown());
  return producer;
}

export interface TestConsumerOptions extends TestInstanceOptions {
  readonly consumer?: Partial<ConsumerConfig>;
  readonly instance?: MQClientInstance;
}

/** A consumer that has joined its group; it is shut down when the test ends. */
export async function startConsumer(
  cluster: Cluster,
  group: string,
  subscriptions: Readonly<Record<string, string | MessageSelector>>,
  listener: MessageListener,
  options: TestConsumerOptions = {},
): Promise<DefaultMQPushConsumer> {
  const instance = options.instance ?? startInstance(cluster, options);
  const config: Partial<ConsumerConfig> = {
    consumerGroup: group,
    consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
    ...options.consumer,
  };
  const consumer = new DefaultMQPushConsumer(instance, config, listener);
  for (const [topic, expression] of Object.entries(subscriptions)) consumer.subscribe(topic, expression);
  onTestFinished(async () => void (await consumer.shutdown()));
  await consumer.start();
  return consumer;
}

/** All queues are of the consumer, or none, as a test says. */
export class AllOrNothing implements AllocateMessageQueueStrategy {
  readonly name = 'all-or-nothing';
  hasAll = true;

  allocate(_clientId: string, mqAll: readonly MessageQueue[]): MessageQueue[] {
    return this.hasAll ? [...mqAll] : [];
  }
}

/** A listener that takes everything, and notes what came. */
export function collect(into: MessageExt[]): MessageListener {
  return {
    concurrently: (messages) => {
      into.push(...messages);
      return 'CONSUME_SUCCESS';
    },
  };
}

export function message(topic: string, body: string | Buffer = 'hello', tags?: string): Message {
  return new Message(topic, Buffer.from(body), tags);
}

export const bodies = (messages: readonly MessageExt[]): string[] =>
  messages.map(({ body }) => body.toString('utf8'));
