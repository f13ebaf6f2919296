import { Logger, type Type } from '@nestjs/common';
import { toTimestamp } from '../common/java-timestamp.js';
import { DefaultMQPushConsumer, type ConsumerConfig, type MQClientInstance } from '../client/index.js';
import type { RocketMQConsumerOptions } from '../interfaces/consumer-options.interface.js';
import type { RocketMQErrorHandler } from '../interfaces/rocketmq-error-handler.interface.js';
import { selectorOf, type ListenerGroup } from './listener-group.js';
import { createRoute, type ListenerRoute } from './listener-route.js';
import { MessageDispatcher } from './message-dispatcher.js';
import type { Replier } from './replier.js';

/** Milliseconds that a shutdown waits for running listeners, as in rocketmq-spring. */
const DEFAULT_AWAIT_TERMINATION = 1000;

/** What listeners need of the application. */
export interface ListenerSurroundings {
  readonly defaults: RocketMQConsumerOptions;
  readonly instance: MQClientInstance;
  readonly replier: Replier;
  /** @throws ConfigurationError when there is no such provider. */
  readonly providerOf: (type: Type<RocketMQErrorHandler>, listener: string) => RocketMQErrorHandler;
}

/** The consumer of one group, and its listeners (DefaultRocketMQListenerContainer). */
export class ListenerContainer {
  private readonly logger: Logger;
  private readonly consumer: DefaultMQPushConsumer;

  private constructor(
    { group, options }: ListenerGroup,
    private readonly routes: ReadonlyMap<string, readonly ListenerRoute[]>,
    instance: MQClientInstance,
  ) {
    this.logger = new Logger(`RocketMQListener:${group}`);
    const isBroadcasting = options.messageModel === 'BROADCASTING';
    const dispatcher = new MessageDispatcher(routes, isBroadcasting, () => this.consumer, this.logger);
    this.consumer = new DefaultMQPushConsumer(
      instance,
      consumerConfig(group, options),
      options.consumeMode === 'ORDERLY'
        ? { orderly: (messages, context) => dispatcher.consumeOrderly(messages, context) }
        : { concurrently: (messages, context) => dispatcher.consumeConcurrently(messages, context) },
    );
    for (const [topic, topicRoutes] of routes) this.consumer.subscribe(topic, selectorOf(topicRoutes));
  }

  /** @throws ConfigurationError for an option that is not allowed, or a package or provider that is missing. */
  static async create(
    group: ListenerGroup,
    { defaults, instance, replier, providerOf }: ListenerSurroundings,
  ): Promise<ListenerContainer> {
    const routes = new Map<string, ListenerRoute[]>();
    for (const subscription of group.subscriptions) {
      const { topic, endpoint } = subscription;
      const route = await createRoute(subscription, defaults, providerOf);
      const replying = endpoint.options.reply === true ? replier.replying(endpoint, defaults) : endpoint;
      routes.set(topic, [...(routes.get(topic) ?? []), { ...route, endpoint: replying }]);
    }
    return new ListenerContainer(group, routes, instance);
  }

  async start(): Promise<void> {
    await this.consumer.start();
    const { consumerGroup, consumeOrderly, messageModel } = this.consumer.config;
    const mode = consumeOrderly ? 'ORDERLY' : 'CONCURRENTLY';
    for (const { endpoint, topic, tags, sql } of [...this.routes.values()].flat()) {
      const selector = sql ?? (tags.size === 0 ? '*' : [...tags].join(' || '));
      const byName = endpoint.options.consumerGroup === undefined ? ' (by default)' : '';
      this.logger.log(
        `${endpoint.name} {${topic}:${selector}} group=${consumerGroup}${byName} ${mode} ${messageModel}`,
      );
    }
  }

  /** Takes no more messages; those that are being handled go on. */
  suspend(): void {
    this.consumer.suspend();
  }

  /** Waits for running listeners, persists the offsets and leaves the group. */
  async stop(): Promise<void> {
    const unfinished = await this.consumer.shutdown();
    if (unfinished.length === 0) return;
    const { awaitTerminationMillisWhenShutdown: waited, consumerGroup } = this.consumer.config;
    const ids = unfinished.map(({ msgId }) => msgId).join(', ');
    this.logger.warn(
      `Listeners of group ${consumerGroup} still run ${waited} ms after the shutdown began, and their messages come ` +
        `again: ${ids}. awaitTerminationMillisWhenShutdown sets how long to wait.`,
    );
  }
}

function consumerConfig(consumerGroup: string, options: ListenerGroup['options']): Partial<ConsumerConfig> {
  const { consumeMode, consumeTimestamp: time, ...others } = options;
  const awaitTerminationMillisWhenShutdown =
    options.awaitTerminationMillisWhenShutdown ?? DEFAULT_AWAIT_TERMINATION;
  const consumeTimestamp = time === undefined ? undefined : toTimestamp(time);
  const config = { ...others, consumeTimestamp, awaitTerminationMillisWhenShutdown, consumerGroup };
  // A failure suspends all that was handed over together, and counts for all: in order it is one message.
  return consumeMode === 'ORDERLY' ? { ...config, consumeMessageBatchMaxSize: 1 } : config;
}
