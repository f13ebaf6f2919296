import { Logger } from '@nestjs/common';
import { escapedLogger } from '../common/logger.js';
import type { Clock } from '../common/clock.js';
import { describe } from '../common/describe.js';
import type { MessageExt } from '../common/message-ext.js';
import { integer, tableOf } from '../common/option-rules.js';
import type { RocketMQLocalRetryOptions } from '../interfaces/message-listener-options.interface.js';
import type { ListenerCallContext, ListenerEndpoint } from './listener-endpoint.js';

const DEFAULT_DELAY = 100;

export const localRetryRule = tableOf(
  '{ attempts: 1 to 100, delayMs: 0 to 60000 }',
  { attempts: integer(1, 1, 100), delayMs: integer(DEFAULT_DELAY, 0, 60_000) },
  'attempts',
);

/** Calls a listener again that failed, before its message goes back to the broker. */
export class LocalRetries {
  private readonly logger = escapedLogger(new Logger('RocketMQListener'));

  constructor(
    private readonly endpoint: ListenerEndpoint,
    private readonly options: RocketMQLocalRetryOptions,
    /** Whether another attempt makes sense after an error. */
    private readonly isRetried: (error: unknown, messages: readonly MessageExt[]) => boolean,
    private readonly clock: Clock,
  ) {}

  async call(
    payload: unknown,
    message: MessageExt | readonly MessageExt[],
    context: ListenerCallContext,
  ): Promise<unknown> {
    for (let failures = 1; ; failures++) {
      try {
        return await this.endpoint.invoke(payload, message, context);
      } catch (error) {
        const messages = [message].flat();
        const isLast =
          failures > this.options.attempts || context.isAborted || !this.isRetried(error, messages);
        if (isLast) throw error;
        this.log(messages, failures, error);
        await this.pause(context);
        // Meanwhile the message was given to somebody else.
        if (context.isAborted) throw error;
      }
    }
  }

  private pause({ signal }: ListenerCallContext): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        this.clock.clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = this.clock.setTimeout(end, this.options.delayMs ?? DEFAULT_DELAY);
      signal.addEventListener('abort', end);
    });
  }

  private log([first, ...others]: readonly MessageExt[], failures: number, error: unknown): void {
    const more = others.length === 0 ? '' : ` and ${others.length} more`;
    this.logger.warn(
      `${this.endpoint.name} failed with message ${first!.msgId}${more} of topic ${first!.topic}, and is called again ` +
        `(${failures} of ${this.options.attempts}): ${describe(error)}`,
    );
  }
}
