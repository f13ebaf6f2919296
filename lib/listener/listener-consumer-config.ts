import type { ConsumerConfig } from '../client/index.js';
import { consumeTimeoutMillis } from '../client/consumer/consumer-config.js';
import { toTimestamp } from '../common/java-timestamp.js';
import type { ListenerGroup } from './listener-group.js';
import { sharedRules } from './listener-option-rules.js';

export function consumeThreadNumberOf({
  consumeThreadNumber = sharedRules.consumeThreadNumber.default,
}: ListenerGroup['options']): number {
  return consumeThreadNumber;
}

/** In milliseconds. */
export function consumeTimeoutOf({
  consumeTimeout = sharedRules.consumeTimeout.default,
}: ListenerGroup['options']): number {
  return consumeTimeoutMillis({ consumeTimeout });
}

/** The options of a group as those of its consumer. */
export function consumerConfig(
  consumerGroup: string,
  options: ListenerGroup['options'],
  hasBatches: boolean,
): Partial<ConsumerConfig> {
  const {
    consumeMode,
    autoStart: _,
    consumeTimestamp: time,
    awaitTerminationMillisWhenShutdown = sharedRules.awaitTerminationMillisWhenShutdown.default,
    ...others
  } = options;
  const consumeTimestamp = time === undefined ? undefined : toTimestamp(time);
  const config = { ...others, consumeTimestamp, awaitTerminationMillisWhenShutdown, consumerGroup };
  // In order a failure suspends all that was handed over together, and counts for all; batches are gathered, and a rate is
  // counted, one by one.
  const isSingle = consumeMode === 'ORDERLY' || hasBatches || options.rateLimit !== undefined;
  return isSingle ? { ...config, consumeMessageBatchMaxSize: 1 } : config;
}
