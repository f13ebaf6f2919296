import { litePullConsumerRules } from '../client/consumer/lite-pull-consumer-config.js';
import { topicRule } from '../client/validators.js';
import {
  anyText,
  checkOption,
  resolveOptions,
  type OptionChecks,
  type OptionRule,
} from '../common/option-rules.js';
import { ConfigurationError } from '../errors/index.js';
import type { RocketMQPullConsumerOptions } from '../interfaces/pull-consumer-options.interface.js';
import { pullConsumerWithoutTopic, selectorWithoutTopic, unusedTimestamp } from '../rocketmq.messages.js';

export const nameServerRule: OptionRule<unknown> = {
  default: undefined,
  allowed: 'a text host:port, or an array of them',
  accepts: (value) => {
    const addresses = [value].flat();
    return addresses.length > 0 && addresses.every((address) => typeof address === 'string');
  },
};

export const timeRule: OptionRule<unknown> = {
  default: undefined,
  allowed: 'a Date, or milliseconds since the epoch',
  accepts: (value) => Number.isFinite(value instanceof Date ? value.getTime() : value),
};

const { consumerGroup: group, ...sameNames } = litePullConsumerRules;

const rules: OptionChecks<RocketMQPullConsumerOptions> = {
  group,
  nameServer: nameServerRule,
  topic: topicRule(undefined),
  selectorExpression: anyText,
  ...sameNames,
};

/** @throws ConfigurationError that names an option, its value and what is allowed. */
export function checkPullConsumerOptions(options: RocketMQPullConsumerOptions): void {
  resolveOptions('pullConsumer', rules, options);
  checkOption('pullConsumer.group', options.group, group);
  if (options.topic === undefined && options.selectorExpression !== undefined)
    throw new ConfigurationError(selectorWithoutTopic());
  if (options.consumeTimestamp !== undefined && options.consumeFromWhere !== 'CONSUME_FROM_TIMESTAMP')
    throw new ConfigurationError(unusedTimestamp('pullConsumer'));
}

/** As {@link checkPullConsumerOptions}, of the consumer of a template. */
export function checkReceiverOptions(options: RocketMQPullConsumerOptions): void {
  checkPullConsumerOptions(options);
  if (options.topic === undefined) throw new ConfigurationError(pullConsumerWithoutTopic());
}
