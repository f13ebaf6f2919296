import {
  Module,
  type DynamicModule,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { DiscoveryModule, ModulesContainer } from '@nestjs/core';
import { ConfigurationError } from './errors/index.js';
import { ListenerExplorer } from './listener/listener.explorer.js';
import { ListenerHandlerFactory } from './listener/listener-handler.factory.js';
import { ListenerMetadataAccessor } from './listener/listener-metadata.accessor.js';
import { ListenerRegistrar } from './listener/listener.registrar.js';
import { TransactionListenerExplorer } from './listener/transaction-listener.explorer.js';
import { RocketMQCoreModule } from './rocketmq-core.module.js';
import { RocketMQConnection } from './rocketmq.connection.js';
import { importedTwice } from './rocketmq.messages.js';
import type { ASYNC_OPTIONS_TYPE, OPTIONS_TYPE } from './rocketmq.module-definition.js';

/**
 * Nest runs hooks from the largest distance to the root module, which is 1, to the smallest; at the end in reverse. All global
 * modules have the largest number.
 */
const BEFORE_GLOBAL = Infinity;
const BEHIND_ROOT = 0;

/**
 * RocketMQ for an application: {@link RocketMQTemplate} to send, {@link RocketMQMessageListener} to receive.
 *
 * Engine and producer are there when the `onModuleInit` of other modules runs; listeners start when every
 * other `onApplicationBootstrap` has ended. When the application shuts down they are the first to act: before any other
 * `onModuleDestroy` they take no more messages and end what they are at; last the engine is closed (`onApplicationShutdown`).
 * An application imports it once.
 *
 * @publicApi
 */
@Module({
  imports: [DiscoveryModule],
  providers: [
    ListenerMetadataAccessor,
    ListenerHandlerFactory,
    ListenerExplorer,
    ListenerRegistrar,
    TransactionListenerExplorer,
  ],
})
export class RocketMQModule implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(
    private readonly registrar: ListenerRegistrar,
    private readonly connection: RocketMQConnection,
    modules: ModulesContainer,
    transactionListeners: TransactionListenerExplorer,
  ) {
    connection.transactions.lookWith(() => transactionListeners.explore());
    const count = [...modules.values()].filter(({ metatype }) => metatype === RocketMQModule).length;
    if (count > 1) throw new ConfigurationError(importedTwice(count));
    for (const module of modules.values()) {
      if (module.metatype === RocketMQModule) module.distance = BEHIND_ROOT;
      if (module.metatype === RocketMQCoreModule) module.distance = BEFORE_GLOBAL;
    }
  }

  /** With options, or only the address of the name server. */
  static forRoot(options: typeof OPTIONS_TYPE | string = {}): DynamicModule {
    return withCore(
      RocketMQCoreModule.forRoot(typeof options === 'string' ? { nameServer: options } : options),
    );
  }

  /** With options from a factory (`useFactory`), or from a {@link RocketMQOptionsFactory} (`useClass`, `useExisting`). */
  static forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return withCore(RocketMQCoreModule.forRootAsync(options));
  }

  async onApplicationBootstrap(): Promise<void> {
    try {
      await this.registrar.start();
    } catch (error) {
      // Nest ends without its shutdown hooks when a start fails; the store must not stay locked.
      await this.connection.endFailedStart(() => this.registrar.stop());
      throw error;
    }
  }

  /** Running listeners need what other providers give up in theirs. */
  async onModuleDestroy(): Promise<void> {
    this.registrar.suspend();
    await this.registrar.stop();
  }
}

function withCore(core: DynamicModule): DynamicModule {
  return { module: RocketMQModule, imports: [core], exports: [core] };
}
