import { Logger, type Provider } from '@nestjs/common';
import { systemClock, type Clock } from './common/clock.js';
import type { RocketMQModuleOptions } from './interfaces/rocketmq-module-options.interface.js';
import { RocketMQListenerRegistry } from './listener/rocketmq-listener-registry.js';
import { RocketMQConnection } from './rocketmq.connection.js';
import { RocketMQConnections } from './rocketmq.connections.js';
import { ROCKETMQ_MODULE_OPTIONS } from './rocketmq.module-definition.js';
import { Receiver } from './receiving/receiver.js';
import { RocketMQAdmin } from './receiving/rocketmq-admin.js';
import { RocketMQPullConsumers } from './receiving/rocketmq-pull-consumers.js';
import { ROCKETMQ_CLOCK } from './rocketmq.tokens.js';
import { RocketMQTemplate } from './template/rocketmq-template.js';
import { TemplateTransactions } from './template/template-transactions.js';

export const rocketMQProviders: Provider[] = [
  { provide: ROCKETMQ_CLOCK, useValue: systemClock },
  RocketMQListenerRegistry,
  {
    provide: RocketMQConnection,
    inject: [ROCKETMQ_MODULE_OPTIONS, ROCKETMQ_CLOCK],
    useFactory: (options: RocketMQModuleOptions, clock: Clock) => RocketMQConnection.create(options, clock),
  },
  {
    provide: RocketMQConnections,
    inject: [RocketMQConnection],
    useFactory: ({ instances }: RocketMQConnection) => new RocketMQConnections(instances),
  },
  {
    provide: RocketMQPullConsumers,
    inject: [RocketMQConnection],
    useFactory: ({ listenerInstance }: RocketMQConnection) => new RocketMQPullConsumers(listenerInstance),
  },
  {
    provide: RocketMQAdmin,
    inject: [RocketMQConnection],
    useFactory: ({ listenerInstance, producer }: RocketMQConnection) =>
      new RocketMQAdmin(listenerInstance, producer),
  },
  {
    provide: Receiver,
    inject: [RocketMQPullConsumers, ROCKETMQ_MODULE_OPTIONS],
    useFactory: (consumers: RocketMQPullConsumers, { pullConsumer }: RocketMQModuleOptions) =>
      new Receiver(consumers, pullConsumer),
  },
  {
    provide: RocketMQTemplate,
    inject: [RocketMQConnection, ROCKETMQ_MODULE_OPTIONS, ROCKETMQ_CLOCK, Receiver],
    useFactory: (
      { producer, transactions }: RocketMQConnection,
      { compat }: RocketMQModuleOptions,
      clock: Clock,
      receiver: Receiver,
    ) =>
      new RocketMQTemplate(producer, {
        receiver,
        transactions: new TemplateTransactions(producer, transactions),
        isSpringCompatible: compat === 'spring',
        clockNow: () => clock.now(),
        logger: new Logger(RocketMQTemplate.name),
      }),
  },
];
