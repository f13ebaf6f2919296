import { ConfigurableModuleBuilder } from '@nestjs/common';
import { bool, checkOption } from './common/option-rules.js';
import type { RocketMQModuleOptions } from './interfaces/rocketmq-module-options.interface.js';

/** `isGlobal`: whether modules that do not import it can inject the template. Default: true. */
const EXTRAS: { isGlobal: boolean | undefined } = { isGlobal: true };

const built = new ConfigurableModuleBuilder<RocketMQModuleOptions>({ moduleName: 'RocketMQ' })
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createRocketMQOptions')
  .setExtras(EXTRAS, (definition, { isGlobal = true }) => {
    checkOption('RocketMQModule.isGlobal', isGlobal, bool(true));
    return { ...definition, global: isGlobal };
  })
  .build();

export const { ConfigurableModuleClass, OPTIONS_TYPE, ASYNC_OPTIONS_TYPE } = built;

/**
 * Injection token of the options of {@link RocketMQModule}. Tests put others in their place.
 *
 * @publicApi
 */
export const ROCKETMQ_MODULE_OPTIONS = built.MODULE_OPTIONS_TOKEN;
