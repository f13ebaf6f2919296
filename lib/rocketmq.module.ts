import {
  Module,
  type BeforeApplicationShutdown,
  type DynamicModule,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { ListenerExplorer } from './listener/listener.explorer.js';
import { ListenerMetadataAccessor } from './listener/listener-metadata.accessor.js';
import { ListenerRegistrar } from './listener/listener.registrar.js';
import { RocketMQConnection } from './rocketmq.connection.js';
import { ConfigurableModuleClass, type OPTIONS_TYPE } from './rocketmq.module-definition.js';
import { rocketMQProviders } from './rocketmq.providers.js';
import { RocketMQTemplate } from './template/rocketmq-template.js';

/**
 * RocketMQ for an application: {@link RocketMQTemplate} to send, {@link RocketMQMessageListener} to receive.
 *
 * Engine and producer are there when the `onModuleInit` of other modules runs; listeners start with the
 * application. When it shuts down they take no more messages (`onModuleDestroy`), end what they are at
 * (`beforeApplicationShutdown`), and last the engine is closed (`onApplicationShutdown`).
 *
 * @publicApi
 */
@Module({
  imports: [DiscoveryModule],
  providers: [ListenerMetadataAccessor, ListenerExplorer, ...rocketMQProviders],
  exports: [RocketMQTemplate],
})
export class RocketMQModule
  extends ConfigurableModuleClass
  implements
    OnModuleInit,
    OnApplicationBootstrap,
    OnModuleDestroy,
    BeforeApplicationShutdown,
    OnApplicationShutdown
{
  constructor(
    private readonly connection: RocketMQConnection,
    private readonly registrar: ListenerRegistrar,
  ) {
    super();
  }

  /** With options, or only the address of the name server. */
  static override forRoot(options: typeof OPTIONS_TYPE | string = {}): DynamicModule {
    return super.forRoot(typeof options === 'string' ? { nameServer: options } : options);
  }

  async onModuleInit(): Promise<void> {
    await this.connection.start();
  }

  async onApplicationBootstrap(): Promise<void> {
    try {
      await this.registrar.start();
    } catch (error) {
      // Nest ends without its shutdown hooks when a start fails; the store must not stay locked.
      await this.registrar.stop();
      await this.connection.close();
      throw error;
    }
  }

  onModuleDestroy(): void {
    this.registrar.suspend();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.registrar.stop();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.connection.close();
  }
}
