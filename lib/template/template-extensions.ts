import { Inject, Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { RocketMQModuleOptions } from '../interfaces/rocketmq-module-options.interface.js';
import { lookUp } from '../provider-lookup.js';
import { RocketMQConnection } from '../rocketmq.connection.js';
import { missingMessageConverter, missingSendInterceptor } from '../rocketmq.messages.js';
import { ROCKETMQ_MODULE_OPTIONS } from '../rocketmq.module-definition.js';
import { InterceptedProducer } from './intercepted-producer.js';
import { isMessageConverter } from './payload-converter.js';

/**
 * What the application adds to the template. These providers may themselves want the template, so they are looked for when all providers are
 * made.
 */
@Injectable()
export class TemplateExtensions {
  /** The producer behind interceptors; undefined without any. */
  readonly intercepted: InterceptedProducer | undefined;

  constructor(
    private readonly moduleRef: ModuleRef,
    private readonly connection: RocketMQConnection,
    @Inject(ROCKETMQ_MODULE_OPTIONS) private readonly options: RocketMQModuleOptions,
  ) {
    const { sendInterceptors = [] } = options.producer ?? {};
    if (sendInterceptors.length > 0) this.intercepted = new InterceptedProducer(connection.producer);
  }

  /** @throws ConfigurationError for a class that is no such provider. */
  resolve(): void {
    const { messageConverter, producer } = this.options;
    const interceptors = (producer?.sendInterceptors ?? []).map((type) =>
      lookUp(
        this.moduleRef,
        type,
        (instance) => typeof instance?.intercept === 'function',
        missingSendInterceptor(type.name),
      ),
    );
    this.intercepted?.use(interceptors);
    if (messageConverter === undefined) return;
    const fault = missingMessageConverter(messageConverter.name, 'RocketMQModule');
    this.connection.payloads.use(lookUp(this.moduleRef, messageConverter, isMessageConverter, fault));
  }
}
