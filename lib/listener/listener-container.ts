import { Logger } from '@nestjs/common';
import { toTimestamp } from '../common/java-timestamp.js';
import type { MessageExt } from '../common/message-ext.js';
import {
  DefaultMQPushConsumer,
  type ConsumeConcurrentlyContext,
  type ConsumeConcurrentlyStatus,
  type ConsumeOrderlyStatus,
  type ConsumerConfig,
  type MessageListener,
  type MQClientInstance,
} from '../client/index.js';
import { MessageConversionError } from '../errors/index.js';
import type { RocketMQConsumerOptions } from '../interfaces/consumer-options.interface.js';
import { selectorOf, type ListenerGroup, type Subscription } from './listener-group.js';
import { createPayloadReader, type PayloadReader } from './payload-reader.js';
import type { Replier } from './replier.js';

/** Milliseconds that a shutdown waits for running listeners, as in rocketmq-spring. */
const DEFAULT_AWAIT_TERMINATION = 1000;
const DEAD_LETTER = -1;

interface Route extends Subscription {
  readonly read: PayloadReader;
  readonly delayLevelWhenNextConsume: number;
  readonly retriesBadPayload: boolean;
}

/** The consumer of one group, and the way of its messages to the listeners (DefaultRocketMQListenerContainer). */
export class ListenerContainer {
  private readonly logger: Logger;
  private readonly consumer: DefaultMQPushConsumer;

  private constructor(
    { group, options }: ListenerGroup,
    private readonly routes: ReadonlyMap<string, readonly Route[]>,
    instance: MQClientInstance,
  ) {
    this.logger = new Logger(`RocketMQListener:${group}`);
    this.consumer = new DefaultMQPushConsumer(
      instance,
      consumerConfig(group, options),
      this.messageListener(options),
    );
    for (const [topic, topicRoutes] of routes) this.consumer.subscribe(topic, selectorOf(topicRoutes));
  }

  /** @throws ConfigurationError for an option that is not allowed, or a package that is missing. */
  static async create(
    group: ListenerGroup,
    defaults: RocketMQConsumerOptions,
    instance: MQClientInstance,
    replier: Replier,
  ): Promise<ListenerContainer> {
    const routes = new Map<string, Route[]>();
    for (const subscription of group.subscriptions) {
      const { options } = subscription.endpoint;
      const delayLevelWhenNextConsume =
        options.delayLevelWhenNextConsume ?? defaults.delayLevelWhenNextConsume ?? 0;
      const retriesBadPayload = (options.badPayload ?? defaults.badPayload) === 'RETRY';
      const read = await createPayloadReader(subscription.endpoint);
      const endpoint =
        options.reply === true ? replier.replying(subscription.endpoint, defaults) : subscription.endpoint;
      const route = { ...subscription, endpoint, read, delayLevelWhenNextConsume, retriesBadPayload };
      routes.set(subscription.topic, [...(routes.get(subscription.topic) ?? []), route]);
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

  private messageListener({ consumeMode }: ListenerGroup['options']): MessageListener {
    return consumeMode === 'ORDERLY'
      ? { orderly: (messages) => this.consumeOrderly(messages) }
      : { concurrently: (messages, context) => this.consumeConcurrently(messages, context) };
  }

  private consumeConcurrently(
    messages: readonly MessageExt[],
    context: ConsumeConcurrentlyContext,
  ): ConsumeConcurrentlyStatus | Promise<ConsumeConcurrentlyStatus> {
    const [message] = messages;
    if (messages.length > 1) return this.consumeEach(messages, context);
    const route = this.routeOf(message!);
    try {
      const handled = this.handle(route, message!);
      if (!(handled instanceof Promise)) return 'CONSUME_SUCCESS';
      return handled.then(
        () => 'CONSUME_SUCCESS',
        (error) => refuse(route, error, context),
      );
    } catch (error) {
      return refuse(route, error, context);
    }
  }

  /**
   * Messages that were handed over together, one after the other. Each that fails is given back by itself: those beside it
   * are neither handled again nor counted as tried.
   */
  private async consumeEach(
    messages: readonly MessageExt[],
    context: ConsumeConcurrentlyContext,
  ): Promise<ConsumeConcurrentlyStatus> {
    for (const [index, message] of messages.entries()) {
      const route = this.routeOf(message);
      try {
        await this.handle(route, message);
      } catch (error) {
        if (await this.giveBack(message, error, delayLevelOf(route, error))) continue;
        context.ackIndex = index - 1;
        return 'CONSUME_SUCCESS';
      }
    }
    return 'CONSUME_SUCCESS';
  }

  private async consumeOrderly(messages: readonly MessageExt[]): Promise<ConsumeOrderlyStatus> {
    for (const message of messages) {
      const route = this.routeOf(message);
      try {
        await this.handle(route, message);
      } catch (error) {
        if (!isDead(route, error) || !(await this.giveBack(message, error, DEAD_LETTER))) throw error;
      }
    }
    return 'SUCCESS';
  }

  private handle(route: Route | undefined, message: MessageExt): unknown {
    const payload = read(route, message);
    if (payload instanceof Promise) return payload.then((value) => route!.endpoint.invoke(value, message));
    return route!.endpoint.invoke(payload, message);
  }

  /** Whether the message need not be handled here any more. Broadcast messages are never tried again. */
  private async giveBack(message: MessageExt, error: unknown, delayLevel: number): Promise<boolean> {
    const { msgId, topic, reconsumeTimes } = message;
    this.logger.warn(
      `Consuming message ${msgId} of topic ${topic} failed (attempt ${reconsumeTimes + 1}): ${String(error)}`,
    );
    if (this.consumer.config.messageModel === 'BROADCASTING') return true;
    try {
      await this.consumer.sendMessageBack(message, delayLevel);
      return true;
    } catch {
      return false;
    }
  }

  /** None: the message was sent back by a listener that is no more, or had other tags. */
  private routeOf({ topic, tags }: MessageExt): Route | undefined {
    const routes = this.routes.get(topic);
    return routes?.find((candidate) => candidate.tags.size === 0 || candidate.tags.has(tags ?? ''));
  }
}

/** The reader of a message failed; from a listener the same error would say nothing about its message. */
class UnreadableMessageError extends MessageConversionError {}

function read(route: Route | undefined, message: MessageExt): unknown {
  if (route === undefined) {
    throw new UnreadableMessageError(
      `Message ${message.msgId} of topic ${message.topic} has no listener in its group any more`,
    );
  }
  try {
    const payload = route.read(message);
    return payload instanceof Promise ? payload.catch(unreadable) : payload;
  } catch (error) {
    return unreadable(error);
  }
}

function unreadable(error: unknown): never {
  throw error instanceof MessageConversionError ? new UnreadableMessageError(error.message, error) : error;
}

/** What cannot be read now never can be: it goes to the dead-letter queue without further attempts. */
function isDead(route: Route | undefined, error: unknown): boolean {
  return error instanceof UnreadableMessageError && route?.retriesBadPayload !== true;
}

function delayLevelOf(route: Route | undefined, error: unknown): number {
  if (isDead(route, error)) return DEAD_LETTER;
  return route?.delayLevelWhenNextConsume ?? 0;
}

function refuse(route: Route | undefined, error: unknown, context: ConsumeConcurrentlyContext): never {
  context.delayLevelWhenNextConsume = delayLevelOf(route, error);
  throw error;
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
