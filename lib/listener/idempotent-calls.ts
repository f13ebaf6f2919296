import { createHash } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { escapedLogger } from '../common/logger.js';
import { retryLevelAfter } from '../client/consumer/retry-level.js';
import { suspendWithinBounds } from '../client/consumer/suspend-time.js';
import type { MessageExt } from '../common/message-ext.js';
import { MQClientError } from '../errors/index.js';
import type {
  RocketMQIdempotencyStore,
  RocketMQIdempotentOptions,
} from '../interfaces/idempotency.interface.js';
import type { ListenerCallContext, ListenerEndpoint } from './listener-endpoint.js';
import { Ack, ErrorReplied, Retry, RocketMQOutcome } from './outcome.js';
import type { IdempotencyTimes } from '../idempotency/idempotency-records.js';

/** What {@link IdempotentCalls} needs beside the listener. */
export interface IdempotencySettings {
  /** Of the consumer group: other groups handle the message by themselves. */
  readonly group: string;
  readonly key: NonNullable<RocketMQIdempotentOptions['key']>;
  readonly times: IdempotencyTimes;
  readonly store: RocketMQIdempotencyStore;
}

/** Calls a listener with messages that were not handled before. */
export class IdempotentCalls {
  private readonly logger = escapedLogger(new Logger('RocketMQIdempotency'));

  constructor(
    private readonly endpoint: ListenerEndpoint,
    private readonly settings: IdempotencySettings,
  ) {}

  /** Calls it, unless the key was handled, or is being. */
  async call(payload: unknown, message: MessageExt, context: ListenerCallContext): Promise<unknown> {
    const { store, times } = this.settings;
    const answer = await store.begin(this.hashOf(payload, message), times);
    if (answer.state === 'DONE') return Ack;
    if (answer.state === 'IN_PROGRESS') return retryAfter(answer.forMillis, message);
    let returned: unknown;
    try {
      returned = await this.endpoint.invoke(payload, message, context);
    } catch (error) {
      await this.noted(message, () => answer.release());
      throw error;
    }
    await this.noted(message, () => (isHandled(returned) ? answer.done() : answer.release()));
    return returned;
  }

  /** What the listener did cannot be undone, so it counts, noted or not. */
  private async noted({ msgId }: MessageExt, note: () => void | Promise<void>): Promise<void> {
    try {
      await note();
    } catch (error) {
      this.logger.warn(
        `It could not be noted how ${this.endpoint.name} ended with message ${msgId}: ${String(error)}. If the message comes ` +
          'again, it is handled again after the lease.',
      );
    }
  }

  private hashOf(payload: unknown, message: MessageExt): string {
    const key: unknown = this.settings.key(payload as never, message);
    const isKey = (typeof key === 'string' && key !== '') || Number.isFinite(key);
    if (!isKey)
      throw new MQClientError(
        `The idempotency key of message ${message.msgId} for ${this.endpoint.name} is ${JSON.stringify(key)}; allowed: a text, or a number`,
      );
    const parts = JSON.stringify([this.settings.group, this.endpoint.name, String(key)]);
    return createHash('sha256').update(parts).digest('hex');
  }
}

function isHandled(returned: unknown): boolean {
  if (!(returned instanceof RocketMQOutcome)) return true;
  return returned.kind === 'ACK' && returned !== ErrorReplied;
}

/** One attempt when the lease is over, rather than several before. */
function retryAfter(millis: number, message: MessageExt): RocketMQOutcome {
  const suspendMillis = suspendWithinBounds(Math.ceil(millis));
  return Retry({ delayLevel: retryLevelAfter(millis, message), suspendMillis });
}
