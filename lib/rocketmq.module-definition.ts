import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { RocketMQModuleOptions } from './interfaces/rocketmq-module-options.interface.js';

/** `isGlobal`: whether modules that do not import it can inject the template. Default: true. */
const EXTRAS = { isGlobal: true };

export const {
  ConfigurableModuleClass,
  MODULE_OPTIONS_TOKEN: ROCKETMQ_MODULE_OPTIONS,
  OPTIONS_TYPE,
  ASYNC_OPTIONS_TYPE,
} = new ConfigurableModuleBuilder<RocketMQModuleOptions>({ moduleName: 'RocketMQ' })
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createRocketMQOptions')
  .setExtras(EXTRAS, (definition, { isGlobal }) => ({ ...definition, global: isGlobal }))
  .build();
