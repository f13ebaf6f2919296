import { Logger, type Provider } from '@nestjs/common';
import { escapedLogger } from './common/logger.js';
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
import { TemplateExtensions } from './template/template-extensions.js';
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
    useFactory: (connection: RocketMQConnection) =>
      new RocketMQPullConsumers(connection.listenerInstance, (nameServer) => connection.clientOf(nameServer)),
  },
  {
    provide: RocketMQAdmin,
    inject: [RocketMQConnection],
    useFactory: ({ listenerInstance, producer }: RocketMQConnection) =>
      new RocketMQAdmin(listenerInstance, producer),
  },
  {
    provide: Receiver,
    inject: [RocketMQPullConsumers, ROCKETMQ_MODULE_OPTIONS, RocketMQConnection],
    useFactory: (
      consumers: RocketMQPullConsumers,
      { pullConsumer }: RocketMQModuleOptions,
      { payloads }: RocketMQConnection,
    ) => new Receiver(consumers, pullConsumer, payloads),
  },
  TemplateExtensions,
  {
    provide: RocketMQTemplate,
    inject: [RocketMQConnection, ROCKETMQ_MODULE_OPTIONS, ROCKETMQ_CLOCK, Receiver, TemplateExtensions],
    useFactory: (
      { producer, transactions, payloads }: RocketMQConnection,
      { compat, producer: options }: RocketMQModuleOptions,
      clock: Clock,
      receiver: Receiver,
      { intercepted }: TemplateExtensions,
    ) =>
      new RocketMQTemplate(intercepted ?? producer, {
        receiver,
        transactions: new TemplateTransactions(intercepted ?? producer, transactions, payloads),
        isSpringCompatible: compat === 'spring',
        payloads,
        queueSelector: options?.queueSelector,
        clockNow: () => clock.now(),
        logger: escapedLogger(new Logger(RocketMQTemplate.name)),
      }),
  },
];
