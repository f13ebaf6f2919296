import type { Clock, Timer } from '../common/clock.js';
import type { MessageExt } from '../common/message-ext.js';
import { inOwnContext } from '../common/own-context.js';
import type { BatchCalls } from './batch-calls.js';
import type { RocketMQBatchOptions } from '../interfaces/message-listener-options.interface.js';
import type { ListenerCallContext, ListenerEndpoint } from './listener-endpoint.js';
import { Ack, Retry, RocketMQOutcome, saysOutcome } from './outcome.js';

interface Entry {
  readonly payload: unknown;
  readonly message: MessageExt;
  readonly context: ListenerCallContext;
  /** In the time of `Clock.monotonicNow`. */
  readonly since: number;
  readonly resolve: (outcome: RocketMQOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gathers messages from all queues for one call of a listener: as many as it wants, or those that are there when the first has
 * waited long enough. While all calls of the group are under way more are gathered.
 */
export class BatchCollector {
  private entries: Entry[] = [];
  private timer: Timer | undefined;

  constructor(
    private readonly invoke: ListenerEndpoint['invoke'],
    private readonly options: Required<RocketMQBatchOptions>,
    private readonly calls: BatchCalls,
    private readonly clock: Clock,
  ) {
    calls.listen(() => this.callWhatIsDue());
  }

  /** Resolves to what becomes of the message; rejects when the call with it failed. */
  add(payload: unknown, message: MessageExt, context: ListenerCallContext): Promise<RocketMQOutcome> {
    return new Promise((resolve, reject) => {
      this.entries.push({ payload, message, context, since: this.clock.monotonicNow(), resolve, reject });
      this.callWhatIsDue();
    });
  }

  private callWhatIsDue(): void {
    while (this.isDue() && this.calls.tryBegin()) void this.call(this.entries.splice(0, this.options.size));
    this.wakeWhenDue();
  }

  private isDue(): boolean {
    const [first] = this.entries;
    if (first === undefined) return false;
    const isFull = this.entries.length >= this.options.size;
    return isFull || this.calls.isClosed || this.clock.monotonicNow() - first.since >= this.options.lingerMs;
  }

  private wakeWhenDue(): void {
    const [first] = this.entries;
    if (first === undefined || this.calls.isClosed) return this.stopTimer();
    if (this.timer !== undefined || this.isDue()) return;
    this.timer = this.clock.setTimeout(
      () => {
        this.timer = undefined;
        this.callWhatIsDue();
      },
      first.since + this.options.lingerMs - this.clock.monotonicNow(),
    );
  }

  /** It would keep the process alive. */
  private stopTimer(): void {
    this.clock.clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** What has waited for so long that it comes again is left out, and was not handled. */
  private async call(all: readonly Entry[]): Promise<void> {
    for (const { context, resolve } of all) if (context.isAborted) resolve(Retry());
    const entries = all.filter(({ context }) => !context.isAborted);
    if (entries.length > 0) await this.settle(entries);
    this.calls.end();
  }

  private async settle(entries: readonly Entry[]): Promise<void> {
    const payloads = entries.map(({ payload }) => payload);
    const messages = entries.map(({ message }) => message);
    // Of all of them the last one has the most time left.
    const { context } = entries.at(-1)!;
    try {
      const returned = await inOwnContext(() => this.invoke(payloads, messages, context));
      const outcomes = outcomesOf(returned, entries.length);
      for (const [index, { resolve }] of entries.entries()) resolve(outcomes[index]!);
    } catch (error) {
      for (const { reject } of entries) reject(error);
    }
  }
}

/** One outcome may stand for all; a listener may also return something that says nothing about the messages. */
function outcomesOf(returned: unknown, count: number): readonly RocketMQOutcome[] {
  if (returned instanceof RocketMQOutcome) return Array.from({ length: count }, () => returned);
  if (!Array.isArray(returned) || !saysOutcome(returned)) return Array.from({ length: count }, () => Ack);
  if (returned.length !== count)
    throw new Error(`The listener returned ${returned.length} outcomes for ${count} messages`);
  return Array.from(returned, (item: unknown) => (item instanceof RocketMQOutcome ? item : Ack));
}
