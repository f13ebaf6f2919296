import type { ClientConfig, ProducerConfig } from './client/index.js';
import { bool, integer, oneOf, resolveOptions, type OptionRule } from './common/option-rules.js';
import { groupNameFault } from './common/topic-validator.js';
import { ConfigurationError } from './errors/index.js';
import type { RocketMQProducerOptions } from './interfaces/producer-options.interface.js';
import type { RocketMQModuleOptions } from './interfaces/rocketmq-module-options.interface.js';
import { checkConsumerOptions } from './listener/listener-option-rules.js';
import { checkCredentials, credentialRules, withoutCredentials } from './rocketmq.credentials.js';
import { illegalOptions, twoNamespaces } from './rocketmq.messages.js';

type Rules<T> = { readonly [K in keyof T]-?: OptionRule<unknown> };

const object: OptionRule<unknown> = { default: undefined, allowed: 'an object', accepts: isObject };

function name(allowed: string, pattern: RegExp): OptionRule<unknown> {
  const accepts = (value: unknown) => typeof value === 'string' && pattern.test(value);
  return { default: undefined, allowed, accepts };
}

function aFunction(allowed: string): OptionRule<unknown> {
  return { default: undefined, allowed, accepts: (value) => typeof value === 'function' };
}

const moduleRules: Rules<RocketMQModuleOptions> = {
  nameServer: {
    default: undefined,
    allowed: 'a text host:port, or an array of them',
    accepts: (value) => [value].flat().every((address) => typeof address === 'string'),
  },
  engine: {
    ...object,
    allowed: 'an object, or false',
    accepts: (value) => value === false || isObject(value),
  },
  producer: object,
  consumer: object,
  compat: oneOf('spring', ['spring']),
  tls: {
    default: undefined,
    allowed: 'true, false or an object',
    accepts: (value) => typeof value === 'boolean' || isObject(value),
  },
  ...credentialRules,
  startup: oneOf('fail', ['fail', 'retry', 'lazy']),
  namespace: name('letters, digits, "_" and "-", at most 64', /^[\w-]{1,64}$/),
  namespaceV2: name('letters, digits, "_" and "-", at most 64', /^[\w-]{1,64}$/),
  instanceName: name('letters, digits and "_", "#", "@", ".", "-", at most 255', /^[\w#@.-]{1,255}$/),
  unitName: name('letters, digits and "_", ".", "-", at most 64', /^[\w.-]{1,64}$/),
  unitMode: bool(false),
  pullConsumer: object,
  messageConverter: aFunction('a class that is a provider and has toBody or fromBody'),
};

const producerRules: Rules<RocketMQProducerOptions> = {
  group: {
    default: undefined,
    allowed: 'letters, digits, "_", "-", "%" and "|", at most 255',
    accepts: (value) => typeof value === 'string' && groupNameFault(value) === undefined,
  },
  sendMessageTimeout: integer(3000, 1),
  compressMessageBodyThreshold: integer(4096, 1),
  compressLevel: integer(5, 0, 9),
  maxMessageSize: integer(4 * 1024 * 1024, 1, 128 * 1024 * 1024),
  retryTimesWhenSendFailed: integer(2, 0, 100),
  retryTimesWhenSendAsyncFailed: integer(2, 0, 100),
  retryNextServer: bool(false),
  queueSelector: aFunction('a function'),
  sendInterceptors: {
    default: undefined,
    allowed: 'an array of classes that are providers and have intercept',
    accepts: (value) => Array.isArray(value) && value.every((type) => typeof type === 'function'),
  },
  enableBackpressureForAsyncMode: bool(false),
  backPressureForAsyncSendNum: integer(1024, 1),
  backPressureForAsyncSendSize: integer(100 * 1024 * 1024, 1),
  ...credentialRules,
  sendLatencyFaultEnable: bool(false),
  checkConcurrency: integer(20, 1, 10_000),
  checkQueueSize: integer(2000, 1, 1_000_000),
  enableMsgTrace: bool(false),
  customizedTraceTopic: name('a topic name', /^[%|\w-]{1,127}$/),
};

/** @throws ConfigurationError that names an option, its value and what is allowed. */
export function checkModuleOptions(options: RocketMQModuleOptions): void {
  if (!isObject(options)) throw new ConfigurationError(illegalOptions(options));
  resolveOptions('RocketMQModule', moduleRules, options);
  if (options.namespace !== undefined && options.namespaceV2 !== undefined)
    throw new ConfigurationError(twoNamespaces(options.namespace, options.namespaceV2));
  resolveOptions('producer', producerRules, options.producer);
  checkConsumerOptions(options.consumer ?? {});
  checkCredentials('RocketMQModule', options);
  checkCredentials('producer', options.producer);
  checkCredentials('consumer', options.consumer);
}

/** What an application says of itself as a client. */
export function clientConfig(options: RocketMQModuleOptions): Partial<ClientConfig> {
  const { namespace, instanceName, unitName, unitMode } = options;
  return { namespace, instanceName, unitName, unitMode };
}

/** Options by the names of rocketmq-spring, as the producer names them. */
export function producerConfig(options: RocketMQProducerOptions = {}): Partial<ProducerConfig> {
  const {
    sendMessageTimeout,
    compressMessageBodyThreshold,
    retryNextServer,
    checkConcurrency,
    checkQueueSize,
    queueSelector: _queueSelector,
    sendInterceptors: _sendInterceptors,
    ...others
  } = withoutCredentials(options);
  return {
    ...others,
    sendMsgTimeout: sendMessageTimeout,
    compressMsgBodyOverHowmuch: compressMessageBodyThreshold,
    retryAnotherBrokerWhenNotStoreOK: retryNextServer,
    checkThreadPoolMaxSize: checkConcurrency,
    checkRequestHoldMax: checkQueueSize,
  };
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
