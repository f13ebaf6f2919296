import type { Timer } from '../../common/clock.js';
import type { MessageExt } from '../../common/message-ext.js';
import type { ConsumeMessageDirectlyResult } from '../../remoting/body/consume-message-directly-result.js';
import { ConsumeExecutor } from './consume-executor.js';
import type { ConsumerContext } from './consumer-context.js';
import type { ProcessQueue } from './process-queue.js';

/** Brings pulled messages to the listener (ConsumeMessageService). */
export abstract class ConsumeMessageService<Context = never, Status extends string = string> {
  protected readonly executor: ConsumeExecutor;
  protected isStopped = false;
  /** Of what goes on later; they would keep the process alive. */
  private readonly timers = new Set<Timer>();

  constructor(
    protected readonly context: ConsumerContext,
    protected readonly listener: (
      messages: readonly MessageExt[],
      context: Context,
    ) => Status | Promise<Status>,
  ) {
    const { consumeThreadNumber, rateLimit } = context.config;
    this.executor = new ConsumeExecutor(context.instance, consumeThreadNumber, rateLimit);
  }

  start(): void {}

  /** New messages were put into the queue. */
  abstract submit(messages: readonly MessageExt[], queue: ProcessQueue): void;

  /** Calls the listener with a message that no queue has, for an administrator. */
  abstract consumeMessageDirectly(message: MessageExt): Promise<ConsumeMessageDirectlyResult>;

  /** Changes how many calls of the listener may be under way at once; those that are go on. */
  setConcurrency(limit: number): void {
    this.context.concurrency = limit;
    this.executor.setLimit(limit);
  }

  /** While it is paused no call begins; messages are kept. */
  setPaused(isPaused: boolean): void {
    this.executor.setPaused(isPaused);
  }

  /** Begins nothing more; what is running goes on. */
  stop(): void {
    this.isStopped = true;
    this.executor.stop();
    for (const timer of this.timers) this.context.clock.clearTimeout(timer);
    this.timers.clear();
  }

  /** Waits for what is running, at most `maxMillis`; returns whether all ended. */
  abstract shutdown(maxMillis: number): Promise<boolean>;

  /** Calls the listener; an error counts as a failure. */
  call(messages: readonly MessageExt[], context: Context): Status | Promise<Status> {
    this.context.prepare(messages);
    try {
      const status = this.listener(messages, context);
      return status instanceof Promise
        ? status.catch((error) => this.failed(messages, error, context))
        : status;
    } catch (error) {
      return this.failed(messages, error, context);
    }
  }

  /** Goes on after `delay` milliseconds, unless it is stopped. */
  protected later(delay: number, goOn: () => void): void {
    if (this.isStopped) return;
    const timer = this.context.clock.setTimeout(() => {
      this.timers.delete(timer);
      goOn();
    }, delay);
    this.timers.add(timer);
  }

  /** The status of a call that threw. */
  protected abstract failed(messages: readonly MessageExt[], error: unknown, context: Context): Status;
}
