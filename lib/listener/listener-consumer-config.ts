import type { ConsumerConfig } from '../client/index.js';
import { toTimestamp } from '../common/java-timestamp.js';
import type { ListenerGroup } from './listener-group.js';

/** Of `consumeThreadNumber`. */
export const DEFAULT_CONCURRENCY = 20;
/** Milliseconds that a shutdown waits for running listeners, as in rocketmq-spring. */
const DEFAULT_AWAIT_TERMINATION = 1000;

const DEFAULT_CONSUME_TIMEOUT = 15;
const MINUTE = 60_000;

/** In milliseconds. */
export function consumeTimeoutOf({
  consumeTimeout = DEFAULT_CONSUME_TIMEOUT,
}: ListenerGroup['options']): number {
  return consumeTimeout * MINUTE;
}

/** The options of a group as those of its consumer. */
export function consumerConfig(
  consumerGroup: string,
  options: ListenerGroup['options'],
  hasBatches: boolean,
): Partial<ConsumerConfig> {
  const { consumeMode, autoStart: _, consumeTimestamp: time, ...others } = options;
  const awaitTerminationMillisWhenShutdown =
    options.awaitTerminationMillisWhenShutdown ?? DEFAULT_AWAIT_TERMINATION;
  const consumeTimestamp = time === undefined ? undefined : toTimestamp(time);
  const config = { ...others, consumeTimestamp, awaitTerminationMillisWhenShutdown, consumerGroup };
  // In order a failure suspends all that was handed over together, and counts for all; batches are gathered, and a rate is
  // counted, one by one.
  const isSingle = consumeMode === 'ORDERLY' || hasBatches || options.rateLimit !== undefined;
  return isSingle ? { ...config, consumeMessageBatchMaxSize: 1 } : config;
}
