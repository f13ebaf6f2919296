import { suspendRule } from '../client/consumer/suspend-time.js';
import { MAX_DELAY_LEVEL } from '../common/delay-level.js';
import { checkOption, integer } from '../common/option-rules.js';

const delayLevelRule = integer(0, 0, MAX_DELAY_LEVEL);

/** @publicApi */
export interface RocketMQRetryOptions {
  /** Delay level of the next attempt, 1 to 18; 0, the default, rises with every attempt. Not in order. */
  readonly delayLevel?: number | undefined;
  /** In order: milliseconds until the next attempt, 10 to 30,000. Default: `suspendCurrentQueueTimeMillis`. */
  readonly suspendMillis?: number | undefined;
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

/** The request was consumed, but not handled: its sender was told the error. */
export const ErrorReplied = new RocketMQOutcome('ACK');

/**
 * The message comes again, as when a listener throws, but without an error in the log.
 *
 * @throws ConfigurationError for a delay level or a pause that is not allowed.
 * @publicApi
 */
export function Retry(options: RocketMQRetryOptions = {}): RocketMQOutcome {
  const { delayLevel = 0, suspendMillis } = options;
  checkOption('Retry.delayLevel', delayLevel, delayLevelRule);
  if (suspendMillis !== undefined) checkOption('Retry.suspendMillis', suspendMillis, suspendRule);
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

/** Whether what a listener returned says what becomes of its message, or of one of its batch. */
export function saysOutcome(returned: unknown): boolean {
  if (Array.isArray(returned)) return returned.some((item) => item instanceof RocketMQOutcome);
  return returned instanceof RocketMQOutcome;
}
