import { ConfigurationError } from '../errors/index.js';

const MAX_DELAY_LEVEL = 18;
/** Bounds of a pause in order in milliseconds, as of `suspendCurrentQueueTimeMillis`. */
const MIN_SUSPEND = 10;
const MAX_SUSPEND = 30_000;

/** @publicApi */
export interface RocketMQRetryOptions {
  /** Delay level of the next attempt, 1 to 18; 0, the default, rises with every attempt. Not in order. */
  readonly delayLevel?: number;
  /** In order: milliseconds until the next attempt, 10 to 30,000. Default: `suspendCurrentQueueTimeMillis`. */
  readonly suspendMillis?: number;
}

/**
 * What becomes of a message: {@link Ack}, {@link Retry} or {@link DeadLetter}. A listener returns it, or an error handler.
 *
 * @publicApi
 */
export class RocketMQOutcome {
  /** @internal */
  constructor(
    readonly kind: 'ACK' | 'RETRY' | 'DEAD_LETTER',
    readonly retry: RocketMQRetryOptions = {},
    readonly reason?: string,
    /** Of a failure: it is thrown on, to be logged and reported. */
    readonly error?: unknown,
  ) {}
}

/**
 * The message was consumed, as when a listener returns nothing.
 *
 * @publicApi
 */
export const Ack = new RocketMQOutcome('ACK');

/**
 * The message comes again, as when a listener throws, but without an error in the log.
 *
 * @throws ConfigurationError for a delay level or a pause that is not allowed.
 * @publicApi
 */
export function Retry(options: RocketMQRetryOptions = {}): RocketMQOutcome {
  const { delayLevel = 0, suspendMillis } = options;
  check('Retry.delayLevel', delayLevel, 0, MAX_DELAY_LEVEL);
  if (suspendMillis !== undefined) check('Retry.suspendMillis', suspendMillis, MIN_SUSPEND, MAX_SUSPEND);
  return new RocketMQOutcome('RETRY', options);
}

/**
 * The message goes to the dead-letter queue at once, with the reason as its property `DLQ_REASON`. Broadcast messages are dropped.
 *
 * @publicApi
 */
export function DeadLetter(reason: string): RocketMQOutcome {
  return new RocketMQOutcome('DEAD_LETTER', {}, reason);
}

function check(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new ConfigurationError(`${name} is ${value}; allowed: an integer from ${min} to ${max}`);
}
