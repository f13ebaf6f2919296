import { Logger, type Type } from '@nestjs/common';
import { escapedLogger, type Logger as LineLogger } from '../common/logger.js';
import { checkOption, type OptionRule } from '../common/option-rules.js';
import type { MessageQueue } from '../common/message-queue.js';
import { DefaultMQPushConsumer, MQAdminImpl, type MQClientInstance } from '../client/index.js';
import { MQClientError } from '../errors/index.js';
import type { RocketMQConsumerOptions } from '../interfaces/consumer-options.interface.js';
import type {
  RocketMQListenerHandle,
  RocketMQListenerState,
  RocketMQOffsetReset,
} from '../interfaces/listener-handle.interface.js';
import type { RocketMQErrorHandler } from '../interfaces/rocketmq-error-handler.interface.js';
import { listenerNotRunning, topicOfNoListener } from '../rocketmq.messages.js';
import type { IdempotencyStores } from './idempotency-stores.js';
import { BatchCalls } from './batch-calls.js';
import { consumerConfig, consumeThreadNumberOf, consumeTimeoutOf } from './listener-consumer-config.js';
import type { ListenerEndpoint } from './listener-endpoint.js';
import type { ListenerGroup } from './listener-group.js';
import { sharedRules } from './listener-option-rules.js';
import { createRoute, retryingLocally, type ListenerRoute } from './listener-route.js';
import { MessageDispatcher } from './message-dispatcher.js';
import type { Replier } from './replier.js';
import { selectorOf } from './subscription.js';

const resetRule: OptionRule<unknown> = {
  default: undefined,
  allowed: "'first', 'last' or a valid Date",
  accepts: (to) => to === 'first' || to === 'last' || (to instanceof Date && !Number.isNaN(to.getTime())),
};

/** What listeners need of the application. */
export interface ListenerSurroundings {
  readonly defaults: RocketMQConsumerOptions;
  readonly instance: MQClientInstance;
  readonly replier: Replier;
  readonly idempotency: IdempotencyStores;
  /** @throws ConfigurationError when there is no such provider. */
  readonly providerOf: (type: Type<RocketMQErrorHandler>, listener: string) => RocketMQErrorHandler;
}

/** The consumer of one group, and its listeners (DefaultRocketMQListenerContainer). */
export class ListenerContainer implements RocketMQListenerHandle {
  readonly group: string;
  concurrency: number;
  private readonly logger: LineLogger;
  private readonly dispatcher: MessageDispatcher;
  private readonly admin: MQAdminImpl;
  private current: RocketMQListenerState = 'STOPPED';
  private consumer: DefaultMQPushConsumer;
  private hasStarted = false;
  /** The application ends. */
  private isClosed = false;
  /** Starts and stops follow each other. */
  private changing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly definition: ListenerGroup,
    private readonly routes: ReadonlyMap<string, readonly ListenerRoute[]>,
    private readonly calls: BatchCalls,
    private readonly instance: MQClientInstance,
  ) {
    const { group, options } = definition;
    this.group = group;
    this.concurrency = consumeThreadNumberOf(options);
    this.logger = escapedLogger(new Logger(`RocketMQListener:${group}`));
    this.admin = new MQAdminImpl(instance);
    const isBroadcasting = options.messageModel === 'BROADCASTING';
    this.dispatcher = new MessageDispatcher(routes, isBroadcasting, () => this.consumer, this.logger);
    this.consumer = this.createConsumer();
  }

  /** @throws ConfigurationError for an option that is not allowed, or a package or provider that is missing. */
  static async create(
    group: ListenerGroup,
    { defaults, instance, replier, idempotency, providerOf }: ListenerSurroundings,
  ): Promise<ListenerContainer> {
    const routes = new Map<string, ListenerRoute[]>();
    const calls = new BatchCalls(consumeThreadNumberOf(group.options), instance.clock);
    const wrapped = new Map<ListenerEndpoint, ListenerEndpoint>();
    const wrap = (found: ListenerEndpoint, route: ListenerRoute): ListenerEndpoint => {
      const tried = retryingLocally(route, defaults, instance.clock);
      const endpoint =
        found.options.reply === true ? replier.replying(tried, defaults) : calls.gathering(tried);
      return idempotency.wrapping(endpoint, group.group, consumeTimeoutOf(group.options));
    };
    for (const subscription of group.subscriptions) {
      const { topic, endpoint: found } = subscription;
      const route = await createRoute(subscription, defaults, providerOf);
      // The messages of all topics of a listener are gathered together.
      const endpoint = wrapped.get(found) ?? wrap(found, route);
      wrapped.set(found, endpoint);
      routes.set(topic, [...(routes.get(topic) ?? []), { ...route, endpoint }]);
    }
    return new ListenerContainer(group, routes, calls, instance);
  }

  get state(): RocketMQListenerState {
    return this.current;
  }

  get listeners() {
    return [...this.routes.values()].flat().map(({ endpoint: { name }, topic, tags, sql, filter }) => {
      const filtered = filter?.filtered ?? 0;
      return { name, topic, tags: [...tags], ...(sql !== undefined && { sql }), filtered };
    });
  }

  start(): Promise<void> {
    return this.change(async () => {
      if (this.isClosed) throw new MQClientError(listenerNotRunning(this.group, true));
      if (this.current !== 'STOPPED') return;
      // A consumer that was shut down cannot be started again.
      if (this.hasStarted) this.consumer = this.createConsumer();
      this.hasStarted = true;
      this.calls.setClosed(false);
      await this.consumer.start();
      this.current = 'RUNNING';
      this.logStart();
    });
  }

  pause(): void {
    this.checkRunning();
    this.consumer.pause();
    this.current = 'PAUSED';
  }

  resume(): void {
    this.checkRunning();
    this.consumer.resume();
    this.current = 'RUNNING';
  }

  setConcurrency(count: number): void {
    checkOption(`The concurrency of group ${this.group}`, count, sharedRules.consumeThreadNumber);
    this.concurrency = count;
    this.applyConcurrency(this.consumer);
  }

  async resetOffset({ to, topic }: RocketMQOffsetReset): Promise<void> {
    this.checkRunning();
    checkOption('resetOffset.to', to, resetRule);
    if (topic !== undefined && !this.routes.has(topic))
      throw new MQClientError(topicOfNoListener(this.group, topic, [...this.routes.keys()]));
    for (const each of topic === undefined ? this.routes.keys() : [topic]) {
      const queues = await this.admin.fetchMessageQueues(each);
      const offsets = await Promise.all(queues.map((queue) => this.offsetOf(queue, to)));
      await this.resetQueues(
        each,
        queues.map((queue, i) => [queue, offsets[i]!]),
      );
    }
  }

  async seek(queue: MessageQueue, offset: number): Promise<void> {
    this.checkRunning();
    if (!Number.isSafeInteger(offset) || offset < 0)
      throw new MQClientError(`The offset ${offset} is not an integer from 0 up`);
    await this.resetQueues(queue.topic, [[queue, offset]]);
  }

  /** Takes no more messages; those that are being handled go on. */
  suspend(): void {
    this.isClosed = true;
    this.consumer.suspend();
    this.calls.setClosed(true);
  }

  /** Waits for running listeners, persists the offsets and leaves the group. */
  stop(): Promise<void> {
    return this.change(async () => {
      this.current = 'STOPPED';
      this.calls.setClosed(true);
      const unfinished = await this.consumer.shutdown();
      if (unfinished.length === 0) return;
      const { awaitTerminationMillisWhenShutdown: waited } = this.consumer.config;
      const ids = unfinished.map(({ msgId }) => msgId).join(', ');
      this.logger.warn(
        `Listeners of group ${this.group} still run ${waited} ms after the shutdown began, and their messages come ` +
          `again: ${ids}. awaitTerminationMillisWhenShutdown sets how long to wait.`,
      );
    });
  }

  private change(work: () => Promise<void>): Promise<void> {
    const changed = this.changing.then(work);
    this.changing = changed.catch(() => {});
    return changed;
  }

  private createConsumer(): DefaultMQPushConsumer {
    const { group, options } = this.definition;
    const { dispatcher } = this;
    const consumer = new DefaultMQPushConsumer(
      this.instance,
      consumerConfig(group, options, this.calls.largest > 1),
      options.consumeMode === 'ORDERLY'
        ? { orderly: (messages, context) => dispatcher.consumeOrderly(messages, context) }
        : { concurrently: (messages, context) => dispatcher.consumeConcurrently(messages, context) },
    );
    this.applyConcurrency(consumer);
    for (const [topic, topicRoutes] of this.routes) consumer.subscribe(topic, selectorOf(topicRoutes));
    return consumer;
  }

  /** A call with a batch has as many messages under way as it wants. */
  private applyConcurrency(consumer: DefaultMQPushConsumer): void {
    this.calls.setLimit(this.concurrency);
    consumer.consumeService.setConcurrency(this.concurrency * this.calls.largest);
  }

  private checkRunning(): void {
    if (this.current === 'STOPPED' || this.isClosed)
      throw new MQClientError(listenerNotRunning(this.group, this.isClosed));
  }

  private offsetOf(queue: MessageQueue, to: RocketMQOffsetReset['to']): Promise<number> {
    if (to === 'first') return this.admin.minOffset(queue);
    if (to === 'last') return this.admin.maxOffset(queue);
    return this.admin.searchOffset(queue, to.getTime());
  }

  private async resetQueues(topic: string, offsets: readonly [MessageQueue, number][]): Promise<void> {
    const wrapped = this.instance.withNamespace(topic);
    const table = new Map(offsets.map(([queue, offset]) => [{ ...queue, topic: wrapped }, offset]));
    await this.consumer.admin.resetOffset(wrapped, table);
  }

  private logStart(): void {
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
}
