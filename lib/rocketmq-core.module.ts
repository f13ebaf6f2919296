import { Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { RocketMQListenerRegistry } from './listener/rocketmq-listener-registry.js';
import { RocketMQConnection } from './rocketmq.connection.js';
import { RocketMQConnections } from './rocketmq.connections.js';
import { ConfigurableModuleClass, ROCKETMQ_MODULE_OPTIONS } from './rocketmq.module-definition.js';
import { rocketMQProviders } from './rocketmq.providers.js';
import { Receiver } from './receiving/receiver.js';
import { RocketMQAdmin } from './receiving/rocketmq-admin.js';
import { RocketMQPullConsumers } from './receiving/rocketmq-pull-consumers.js';
import { TemplateExtensions } from './template/template-extensions.js';
import { RocketMQTemplate } from './template/rocketmq-template.js';

/**
 * Engine, producer and template. Nest runs the hooks of a module together, but these must be the first to start and the
 * last to end, and those of the listeners the reverse; so they are two modules.
 */
@Module({
  providers: rocketMQProviders,
  exports: [
    RocketMQTemplate,
    RocketMQPullConsumers,
    RocketMQAdmin,
    RocketMQConnections,
    RocketMQListenerRegistry,
    RocketMQConnection,
    ROCKETMQ_MODULE_OPTIONS,
  ],
})
export class RocketMQCoreModule
  extends ConfigurableModuleClass
  implements OnModuleInit, OnApplicationShutdown
{
  constructor(
    private readonly connection: RocketMQConnection,
    private readonly receiver: Receiver,
    private readonly extensions: TemplateExtensions,
  ) {
    super();
  }

  async onModuleInit(): Promise<void> {
    this.extensions.resolve();
    await this.connection.start();
    try {
      await this.receiver.start();
    } catch (error) {
      await this.connection.endFailedStart();
      throw error;
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.connection.close();
  }
}
