import type { Timer } from '../../common/clock.js';
import type { MessageExt } from '../../common/message-ext.js';
import type { MessageQueue } from '../../common/message-queue.js';
import type { ConsumeMessageDirectlyResult } from '../../remoting/body/consume-message-directly-result.js';
import { startedAt, type ConsumerContext } from './consumer-context.js';
import { callDirectly, queueOfMessage } from './consume-directly.js';
import { ConsumeExecutor, type ConsumeTask } from './consume-executor.js';
import type { ConsumeMessageService } from './consume-message-service.js';
import type {
  ConsumeConcurrentlyContext,
  ConsumeConcurrentlyStatus,
  MessageListenerConcurrently,
} from './message-listener.js';
import type { ProcessQueue } from './process-queue.js';

/** Milliseconds until a message is tried again that could not even be sent back. */
const LOCAL_RETRY_DELAY = 5000;
/** Delay level of a message whose listener takes too long. */
const EXPIRED_DELAY_LEVEL = 3;
const MINUTE = 60_000;
/** Messages of a queue that are looked at for ones that take too long. */
const EXPIRY_BATCH = 16;

/** Consumes messages in any order, several at once (ConsumeMessageConcurrentlyService). */
export class ConsumeMessageConcurrentlyService implements ConsumeMessageService {
  private readonly executor: ConsumeExecutor;
  private expiryTimer: Timer | undefined;

  constructor(
    private readonly context: ConsumerContext,
    private readonly listener: MessageListenerConcurrently,
  ) {
    this.executor = new ConsumeExecutor(context.clock, context.config.consumeThreadNumber);
  }

  start(): void {
    const interval = this.context.config.consumeTimeout * MINUTE;
    this.expiryTimer = this.context.clock.setTimeout(() => {
      this.start();
      void this.sendBackExpired(interval);
    }, interval);
  }

  submit(messages: readonly MessageExt[], queue: ProcessQueue): void {
    const { consumeMessageBatchMaxSize } = this.context.config;
    for (let i = 0; i < messages.length; i += consumeMessageBatchMaxSize) {
      const batch = messages.slice(i, i + consumeMessageBatchMaxSize);
      this.executor.execute(new ConsumeRequest(this, batch, queue));
    }
  }

  /** Runs other work within the limit of calls. */
  execute(task: ConsumeTask): void {
    this.executor.execute(task);
  }

  consumeMessageDirectly(message: MessageExt): Promise<ConsumeMessageDirectlyResult> {
    this.context.prepare([message]);
    const context = newContext(queueOfMessage(message));
    return callDirectly(this.context.clock, false, () => this.listener([message], context));
  }

  setConcurrency(limit: number): void {
    this.executor.setLimit(limit);
  }

  setPaused(isPaused: boolean): void {
    this.executor.setPaused(isPaused);
  }

  stop(): void {
    this.executor.stop();
  }

  shutdown(maxMillis: number): Promise<boolean> {
    this.context.clock.clearTimeout(this.expiryTimer);
    return this.executor.close(maxMillis);
  }

  /** Calls the listener; an error counts as a failure. */
  call(
    messages: readonly MessageExt[],
    context: ConsumeConcurrentlyContext,
  ): ConsumeConcurrentlyStatus | Promise<ConsumeConcurrentlyStatus> {
    this.context.prepare(messages);
    try {
      const status = this.listener(messages, context);
      return status instanceof Promise ? status.catch((error) => this.failed(messages, error)) : status;
    } catch (error) {
      return this.failed(messages, error);
    }
  }

  /** Commits what was handled, and sends back what was not (#processConsumeResult). */
  finish(
    status: ConsumeConcurrentlyStatus,
    messages: readonly MessageExt[],
    context: ConsumeConcurrentlyContext,
    queue: ProcessQueue,
  ): void | Promise<void> {
    const handled = status === 'CONSUME_SUCCESS' ? Math.min(context.ackIndex, messages.length - 1) + 1 : 0;
    this.context.stats.onConsumed(queue.mq.topic, handled, messages.length - handled, startedAt(messages));
    if (handled === messages.length) return this.commit(messages, queue);
    return this.finishFailed(messages.slice(0, handled), messages.slice(handled), context, queue);
  }

  private async finishFailed(
    handled: readonly MessageExt[],
    failed: readonly MessageExt[],
    context: ConsumeConcurrentlyContext,
    queue: ProcessQueue,
  ): Promise<void> {
    const outcomes = await Promise.all(
      failed.map(async (message) => ({
        message,
        isDone: await this.giveBack(message, context.delayLevelWhenNextConsume, context.deadLetterReason),
      })),
    );
    const sentBack = outcomes.filter(({ isDone }) => isDone).map(({ message }) => message);
    this.commit([...handled, ...sentBack], queue);
    const stuck = outcomes.filter(({ isDone }) => !isDone).map(({ message }) => message);
    if (stuck.length > 0) this.retryLocally(stuck, queue);
  }

  /** Whether the message need not be handled here any more. Broadcast messages are never tried again. */
  private async giveBack(message: MessageExt, delayLevel: number, deadReason?: string): Promise<boolean> {
    if (this.context.config.messageModel === 'BROADCASTING') {
      this.context.logger.warn(
        `Broadcast message ${message.msgId} of ${message.topic} failed and is dropped`,
      );
      return true;
    }
    try {
      if (deadReason === undefined) await this.context.backSender.sendBack(message, delayLevel);
      else await this.context.backSender.sendDead(message, deadReason);
      return true;
    } catch (error) {
      this.context.logger.error(
        `Message ${message.msgId} cannot be sent back, it is tried again here: ${String(error)}`,
      );
      message.reconsumeTimes++;
      return false;
    }
  }

  private retryLocally(messages: readonly MessageExt[], queue: ProcessQueue): void {
    this.context.clock.setTimeout(() => {
      if (!queue.dropped) this.submit(messages, queue);
    }, LOCAL_RETRY_DELAY);
  }

  private commit(messages: readonly MessageExt[], queue: ProcessQueue): void {
    const offset = queue.remove(messages);
    if (!queue.dropped) this.context.offsetStore.updateOffset(queue.mq, offset, true);
  }

  private failed(messages: readonly MessageExt[], error: unknown): ConsumeConcurrentlyStatus {
    this.context.logListenerError(messages, error);
    return 'RECONSUME_LATER';
  }

  /** Sends back the messages whose listener has run for longer than `consumeTimeout` (ProcessQueue#cleanExpiredMsg). */
  private async sendBackExpired(maxAge: number): Promise<void> {
    const oldest = this.context.clock.now() - maxAge;
    for (const queue of this.context.processQueues()) {
      for (const message of queue.peek(EXPIRY_BATCH)) {
        if ((message.consumeStartTimestamp ?? Infinity) >= oldest) break;
        if (await this.giveBack(message, EXPIRED_DELAY_LEVEL)) this.commit([message], queue);
      }
    }
  }
}

export function newContext(messageQueue: MessageQueue): ConsumeConcurrentlyContext {
  return { messageQueue, delayLevelWhenNextConsume: 0, ackIndex: Number.MAX_SAFE_INTEGER };
}

/** One call of the listener. */
class ConsumeRequest implements ConsumeTask {
  constructor(
    private readonly service: ConsumeMessageConcurrentlyService,
    private readonly messages: readonly MessageExt[],
    private readonly queue: ProcessQueue,
  ) {}

  run(): void | Promise<void> {
    const { service, messages, queue } = this;
    if (queue.dropped) return;
    const context = newContext(queue.mq);
    const status = service.call(messages, context);
    if (status instanceof Promise)
      return status.then((result) => service.finish(result, messages, context, queue));
    return service.finish(status, messages, context, queue);
  }
}
