import type { ClientConfig, ProducerConfig } from './client/index.js';
import { clientRules, maxMessageSizeRule } from './client/client-config.js';
import { producerRules } from './client/producer/producer-config.js';
import {
  aFunction,
  functions,
  isTable,
  oneOf,
  resolveOptions,
  type OptionChecks,
  type OptionRule,
} from './common/option-rules.js';
import { ConfigurationError } from './errors/index.js';
import type { RocketMQProducerOptions } from './interfaces/producer-options.interface.js';
import type { RocketMQModuleOptions } from './interfaces/rocketmq-module-options.interface.js';
import { checkReceiverOptions, nameServerRule } from './receiving/pull-consumer-rules.js';
import { checkConsumerOptions, messageConverterRule } from './listener/listener-option-rules.js';
import { checkCredentials, credentialRules, withoutCredentials } from './rocketmq.credentials.js';
import { illegalOptions, twoNamespaces } from './rocketmq.messages.js';

const object: OptionRule<unknown> = { default: undefined, allowed: 'an object', accepts: isTable };

const { namespace, instanceName, unitName, unitMode } = clientRules;

const moduleRules: OptionChecks<RocketMQModuleOptions> = {
  nameServer: nameServerRule,
  engine: {
    ...object,
    allowed: 'an object, or false',
    accepts: (value) => value === false || isTable(value),
  },
  producer: object,
  consumer: object,
  compat: oneOf('spring', ['spring']),
  tls: {
    default: undefined,
    allowed: 'true, false or an object',
    accepts: (value) => typeof value === 'boolean' || isTable(value),
  },
  ...credentialRules,
  startup: oneOf('fail', ['fail', 'retry', 'lazy']),
  namespace,
  namespaceV2: namespace,
  instanceName,
  unitName,
  unitMode,
  pullConsumer: object,
  messageConverter: messageConverterRule,
};

const {
  group,
  sendMsgTimeout: sendMessageTimeout,
  compressMsgBodyOverHowmuch: compressMessageBodyThreshold,
  retryAnotherBrokerWhenNotStoreOK: retryNextServer,
  checkThreadPoolMaxSize: checkConcurrency,
  checkRequestHoldMax: checkQueueSize,
  defaultTopicQueueNums: _defaultTopicQueueNums,
  createTopicKey: _createTopicKey,
  ...sameNames
} = producerRules;

const moduleProducerRules: OptionChecks<RocketMQProducerOptions> = {
  group,
  sendMessageTimeout,
  compressMessageBodyThreshold,
  retryNextServer,
  checkConcurrency,
  checkQueueSize,
  ...sameNames,
  queueSelector: aFunction(),
  sendInterceptors: functions('an array of classes that are providers and have intercept'),
  ...credentialRules,
};

/** @throws ConfigurationError that names an option, its value and what is allowed. */
export function checkModuleOptions(options: RocketMQModuleOptions): void {
  if (!object.accepts(options)) throw new ConfigurationError(illegalOptions(options));
  resolveOptions('RocketMQModule', moduleRules, options);
  if (options.namespace !== undefined && options.namespaceV2 !== undefined)
    throw new ConfigurationError(twoNamespaces(options.namespace, options.namespaceV2));
  resolveOptions('producer', moduleProducerRules, options.producer);
  checkConsumerOptions(options.consumer ?? {});
  if (options.pullConsumer !== undefined) checkReceiverOptions(options.pullConsumer);
  checkCredentials('RocketMQModule', options);
  checkCredentials('producer', options.producer);
  checkCredentials('consumer', options.consumer);
}

/** What an application says of itself as a client. */
export function clientConfig(options: RocketMQModuleOptions): Partial<ClientConfig> {
  const { namespace, instanceName, unitName, unitMode, producer, engine } = options;
  // What may be sent or stored here can be read here.
  const sizes = [producer?.maxMessageSize, engine ? engine.maxMessageSize : undefined];
  const maxMessageSize = Math.max(maxMessageSizeRule.default, ...sizes.map((size) => size ?? 0));
  return { namespace, instanceName, unitName, unitMode, maxMessageSize };
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
