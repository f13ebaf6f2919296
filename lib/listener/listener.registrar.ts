import { Inject, Injectable, Logger, type Type } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { endOnce } from '../common/end-all.js';
import { escapedLogger } from '../common/logger.js';
import type { RocketMQConsumerOptions } from '../interfaces/consumer-options.interface.js';
import type { RocketMQModuleOptions } from '../interfaces/rocketmq-module-options.interface.js';
import type { RocketMQErrorHandler } from '../interfaces/rocketmq-error-handler.interface.js';
import type { RocketMQIdempotencyStore } from '../interfaces/idempotency.interface.js';
import { IdempotencyStores, isStore } from './idempotency-stores.js';
import { lookUp } from '../provider-lookup.js';
import {
  missingErrorHandler,
  missingIdempotencyStore,
  missingMessageConverter,
  sharedProducerGroup,
} from '../rocketmq.messages.js';
import { RocketMQConnection } from '../rocketmq.connection.js';
import { ROCKETMQ_MODULE_OPTIONS } from '../rocketmq.module-definition.js';
import { isMessageConverter } from '../template/payload-converter.js';
import { ListenerContainer } from './listener-container.js';
import type { FoundListener, ListenerEndpoint } from './listener-endpoint.js';
import { groupListeners } from './listener-group.js';
import { prepareStart } from './prepare-start.js';
import { Replier } from './replier.js';
import { RocketMQListenerRegistry } from './rocketmq-listener-registry.js';
import { ListenerExplorer } from './listener.explorer.js';

/** Starts and stops the listeners of an application. */
@Injectable()
export class ListenerRegistrar {
  /** Waits for running listeners, and ends all. */
  readonly stop = endOnce(() => this.stopAll());
  private readonly logger = escapedLogger(new Logger('RocketMQListener'));
  private readonly containers: ListenerContainer[] = [];
  /** Those that start with the application. */
  private readonly starters: ListenerContainer[] = [];
  private starting = Promise.resolve();
  private isStopped = false;

  private readonly defaults: RocketMQConsumerOptions;
  private replier: Replier | undefined;

  constructor(
    private readonly explorer: ListenerExplorer,
    private readonly connection: RocketMQConnection,
    private readonly moduleRef: ModuleRef,
    private readonly registry: RocketMQListenerRegistry,
    @Inject(ROCKETMQ_MODULE_OPTIONS) private readonly options: RocketMQModuleOptions,
  ) {
    this.defaults = options.consumer ?? {};
  }

  /** @throws ConfigurationError for listeners that are illegal or contradict each other; then none is started. */
  async start(): Promise<void> {
    const replier = (this.replier = new Replier(this.connection.producer));
    this.connection.transactions.start();
    this.warnOfStrangers();
    const surroundings = {
      defaults: this.defaults,
      instance: this.connection.listenerInstance,
      replier,
      idempotency: new IdempotencyStores(
        this.connection.listenerInstance,
        this.connection.producer,
        (type, listener) => this.idempotencyStore(type, listener),
        this.connection.engine?.fileReservedTime,
      ),
      providerOf: (type: Type<RocketMQErrorHandler>, listener: string) => this.errorHandler(type, listener),
    };
    const groups = groupListeners(
      this.explorer.explore().map((found) => this.withPayloads(found)),
      this.defaults,
    );
    for (const found of groups) {
      const group = await prepareStart(found, this.defaults);
      const container = await ListenerContainer.create(group, surroundings);
      this.containers.push(container);
      this.registry.add(container);
      if (group.options.autoStart ?? true) this.starters.push(container);
    }
    if (this.connection.cluster.isReached) await this.startContainers();
    else this.starting = this.startWhenReached();
  }

  /** Takes no more messages. */
  suspend(): void {
    for (const container of this.containers) container.suspend();
  }

  private async stopAll(): Promise<void> {
    this.isStopped = true;
    this.connection.cluster.stopWaiting();
    await this.starting;
    await Promise.all(this.containers.map((container) => container.stop()));
    await this.replier?.drain();
  }

  /** Nobody else is in the group where nobody else reaches the engine. */
  private warnOfStrangers(): void {
    const { transactions, engine } = this.connection;
    const isAlone = engine !== undefined && engine.listenAddress === undefined;
    if (isAlone || this.options.producer?.group !== undefined || transactions.listeners.length === 0) return;
    this.logger.warn(sharedProducerGroup(transactions.listeners.map(({ name }) => name)));
  }

  private withPayloads(found: FoundListener): ListenerEndpoint {
    const { messageConverter: type } = found.options;
    const { payloads } = this.connection;
    // What is no class is refused with the other options.
    if (typeof type !== 'function') return { ...found, payloads };
    const fault = missingMessageConverter(type.name, found.name);
    const converter = lookUp(this.moduleRef, type, isMessageConverter, fault);
    return { ...found, payloads: payloads.with(converter) };
  }

  private errorHandler(type: Type<RocketMQErrorHandler>, listener: string): RocketMQErrorHandler {
    const isHandler = (handler: RocketMQErrorHandler) => typeof handler?.handleError === 'function';
    return lookUp(this.moduleRef, type, isHandler, missingErrorHandler(type.name, listener));
  }

  private idempotencyStore(type: Type<RocketMQIdempotencyStore>, listener: string): RocketMQIdempotencyStore {
    return lookUp(this.moduleRef, type, isStore, missingIdempotencyStore(type.name, listener));
  }

  private async startContainers(): Promise<void> {
    for (const container of this.starters) if (!this.isStopped) await container.start();
  }

  /** The application runs already: a group that cannot be started keeps nobody else from it. */
  private async startWhenReached(): Promise<void> {
    if (!(await this.connection.cluster.whenReached())) return;
    for (const container of this.starters) if (!this.isStopped) await this.startLogged(container);
  }

  private async startLogged(container: ListenerContainer): Promise<void> {
    try {
      await container.start();
    } catch (error) {
      this.logger.error(`Listeners of group ${container.group} cannot be started: ${String(error)}`);
    }
  }
}
