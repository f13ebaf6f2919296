import {
  aFunction,
  anyText,
  bool,
  functions,
  integer,
  isTable,
  oneOf,
  resolveOptions,
  tableOf,
  type OptionChecks,
  type OptionRule,
} from '../common/option-rules.js';
import { toTimestamp } from '../common/java-timestamp.js';
import { consumerOptionRules, GROUP_OPTIONS } from './group-options.js';
import { areDelayLevels, delayLevelRule } from './delay-level.js';
import { localRetryRule } from './local-retries.js';
import { credentialRules } from '../rocketmq.credentials.js';
import type { RocketMQConsumerOptions } from '../interfaces/consumer-options.interface.js';
import type { RocketMQConsumerSettings } from '../interfaces/push-consumer-lifecycle-listener.interface.js';
import type { RocketMQMessageListenerOptions } from '../interfaces/message-listener-options.interface.js';

const SELECTION = {
  topic: anyText,
  selectorType: oneOf('TAG', ['TAG', 'SQL92']),
  selectorExpression: anyText,
};

const selection = tableOf('{ topic, selectorType, selectorExpression }', SELECTION, 'topic');

const topics: OptionRule<unknown> = {
  default: undefined,
  allowed: `a text, or an array of texts and ${selection.allowed}`,
  accepts: (value) => anyText.accepts(value) || (Array.isArray(value) && value.every(isTopic)),
};

/** What listeners and the module's `consumer` have in common. */
export const sharedRules = {
  ...consumerOptionRules,
  consumeMode: oneOf('CONCURRENTLY', ['CONCURRENTLY', 'ORDERLY']),
  enabled: bool(true),
  autoStart: bool(true),
  delayLevelWhenNextConsume: {
    default: 0,
    allowed: `${delayLevelRule.allowed}, an array of them, or a function`,
    accepts: areDelayLevels,
  },
  localRetry: localRetryRule,
  // As in rocketmq-spring.
  awaitTerminationMillisWhenShutdown: {
    ...consumerOptionRules.awaitTerminationMillisWhenShutdown,
    default: 1000,
  },
  consumeTimestamp: {
    default: undefined,
    allowed: 'milliseconds since the epoch, a Date, or yyyyMMddHHmmss',
    accepts: (value) => isTime(value) && toTimestamp(value) >= 0,
  },
  badPayload: oneOf('DEAD_LETTER', ['DEAD_LETTER', 'RETRY']),
  noRetryFor: functions('an array of classes'),
  retryFor: functions('an array of classes'),
  filter: aFunction('a function that returns true or false'),
  errorHandler: aFunction('a class that is a provider and has handleError'),
  // As in rocketmq-spring.
  replyTimeout: integer(3000, 1, 3_600_000),
  replyErrors: bool(false),
  emptyReply: oneOf('ERROR', ['ERROR', 'SEND']),
} satisfies Partial<OptionChecks<RocketMQMessageListenerOptions>>;

/** Of the module, and of a listener. */
export const messageConverterRule = aFunction('a class that is a provider and has toBody or fromBody');

const listenerRules: OptionChecks<RocketMQMessageListenerOptions> = {
  topic: topics,
  consumerGroup: anyText,
  selectorType: SELECTION.selectorType,
  selectorExpression: SELECTION.selectorExpression,
  messageType: aFunction('a class, String, Buffer, Object, Array, Number, Boolean or MessageExt'),
  messageConverter: messageConverterRule,
  validate: bool(false),
  reply: bool(false),
  batch: tableOf(
    '{ size: 1 to 1024, lingerMs: 0 to 60000 }',
    { size: integer(1, 1, 1024), lingerMs: integer(0, 0, 60_000) },
    'size',
  ),
  ...sharedRules,
};

const defaultRules: OptionChecks<RocketMQConsumerOptions> = {
  group: anyText,
  listeners: {
    default: undefined,
    allowed: 'group to topic to true or false',
    accepts: (value) => isTable(value) && Object.values(value).every(isSwitches),
  },
  ...sharedRules,
  listenerEnhancers: functions('an array of functions'),
  ...credentialRules,
};

const settingRules = Object.fromEntries(
  GROUP_OPTIONS.filter((name) => name !== 'messageModel' && name !== 'consumeMode').map((name) => [
    name,
    sharedRules[name],
  ]),
) as OptionChecks<RocketMQConsumerSettings>;

/** @throws ConfigurationError for a name that is no option, and for a value that is not allowed. */
export function checkListenerOptions(listener: string, options: RocketMQMessageListenerOptions): void {
  resolveOptions(`@RocketMQMessageListener(${listener})`, listenerRules, options);
}

/** @throws ConfigurationError for a name that is no option, and for a value that is not allowed. */
export function checkConsumerOptions(options: RocketMQConsumerOptions): void {
  resolveOptions('consumer', defaultRules, options);
}

/** @throws ConfigurationError for a name that is no option there, and for a value that is not allowed. */
export function checkConsumerSettings(owner: string, settings: RocketMQConsumerSettings): void {
  resolveOptions(owner, settingRules, settings);
}

function isTopic(value: unknown): boolean {
  return anyText.accepts(value) || selection.accepts(value);
}

function isTime(value: unknown): value is number | string | Date {
  return typeof value === 'number' || typeof value === 'string' || value instanceof Date;
}

function isSwitches(value: unknown): boolean {
  return isTable(value) && Object.values(value).every((isOn) => typeof isOn === 'boolean');
}
