import type { BeforeApplicationShutdown } from '@nestjs/common';
import { DefaultLitePullConsumer, type MQClientInstance } from '../client/index.js';
import { MQClientError } from '../errors/index.js';
import type { RocketMQPullConsumerOptions } from '../interfaces/pull-consumer-options.interface.js';
import { pullConsumerTooLate } from '../rocketmq.messages.js';
import { checkPullConsumerOptions } from './pull-consumer-rules.js';
import { PullConsumer } from './pull-consumer.js';

/**
 * Makes consumers that fetch messages themselves; injectable. They are closed with the application.
 *
 * @publicApi
 */
export class RocketMQPullConsumers implements BeforeApplicationShutdown {
  private readonly open = new Set<PullConsumer>();
  private readonly starting = new Set<Promise<PullConsumer>>();
  private isClosed = false;

  constructor(
    private readonly instance: MQClientInstance,
    private readonly clientOf: (nameServer: string | readonly string[]) => MQClientInstance,
  ) {}

  /**
   * A consumer that has joined its group, with its share of the queues of `topic`, or ready to be assigned some.
   *
   * @throws ConfigurationError for an option that is not allowed, MQClientError when the application has a consumer of the group
   * already in this cluster, or ends.
   */
  async create(options: RocketMQPullConsumerOptions): Promise<PullConsumer> {
    if (this.isClosed) throw new MQClientError(pullConsumerTooLate());
    const started = this.start(options);
    this.starting.add(started);
    try {
      return await started;
    } finally {
      this.starting.delete(started);
    }
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isClosed = true;
    await Promise.allSettled(this.starting);
    await Promise.all([...this.open].map((consumer) => consumer.close()));
  }

  private async start(options: RocketMQPullConsumerOptions): Promise<PullConsumer> {
    checkPullConsumerOptions(options);
    const { group, nameServer, topic, selectorExpression, ...config } = options;
    const instance = nameServer === undefined ? this.instance : this.clientOf(nameServer);
    const consumer = new DefaultLitePullConsumer(instance, { ...config, consumerGroup: group });
    if (topic !== undefined) await consumer.subscribe(topic, selectorExpression);
    await consumer.start();
    const wrapper = new PullConsumer(consumer, () => this.open.delete(wrapper));
    this.open.add(wrapper);
    return wrapper;
  }
}
