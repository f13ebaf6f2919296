import type { Timer } from '../../common/clock.js';
import type { MessageExt } from '../../common/message-ext.js';
import type { ConsumeMessageDirectlyResult } from '../../remoting/body/consume-message-directly-result.js';
import { startedAt, type ConsumerContext } from './consumer-context.js';
import { callDirectly, queueOfMessage } from './consume-directly.js';
import { ConsumeExecutor, type ConsumeTask } from './consume-executor.js';
import type { ConsumeMessageService } from './consume-message-service.js';
import type {
  ConsumeOrderlyContext,
  ConsumeOrderlyStatus,
  MessageListenerOrderly,
} from './message-listener.js';
import type { ProcessQueue } from './process-queue.js';
import type { QueueLocker } from './queue-locker.js';

/** Milliseconds between renewals of the locks, and until the first one (`rocketmq.client.rebalance.lockInterval`). */
const LOCK_INTERVAL = 20_000;
const FIRST_LOCK_DELAY = 1000;
/** Milliseconds until a queue is tried again whose lock this client does not have. */
const NOT_LOCKED_DELAY = 3000;
/** Bounds of the pause after a failure in milliseconds. */
const MIN_SUSPEND = 10;
const MAX_SUSPEND = 30_000;

/** Consumes the messages of each queue one after the other (ConsumeMessageOrderlyService). */
export class ConsumeMessageOrderlyService implements ConsumeMessageService {
  private readonly executor: ConsumeExecutor;
  /** Queues that have a task. */
  private readonly active = new Set<ProcessQueue>();
  private lockTimer: Timer | undefined;
  private isStopped = false;

  constructor(
    private readonly context: ConsumerContext,
    private readonly listener: MessageListenerOrderly,
    private readonly locker: QueueLocker,
  ) {
    this.executor = new ConsumeExecutor(context.clock, context.config.consumeThreadNumber);
  }

  start(): void {
    if (this.isClustering) this.renewLocksLater(FIRST_LOCK_DELAY);
  }

  submit(_messages: readonly MessageExt[], queue: ProcessQueue): void {
    if (this.isStopped || this.active.has(queue)) return;
    this.active.add(queue);
    this.executor.execute(new OrderlyTask(this, queue));
  }

  consumeMessageDirectly(message: MessageExt): Promise<ConsumeMessageDirectlyResult> {
    this.context.prepare([message]);
    const messageQueue = queueOfMessage(message);
    return callDirectly(this.context.clock, true, () =>
      this.listener([message], { messageQueue, suspendCurrentQueueTimeMillis: -1 }),
    );
  }

  setConcurrency(limit: number): void {
    this.executor.setLimit(limit);
  }

  setPaused(isPaused: boolean): void {
    this.executor.setPaused(isPaused);
  }

  stop(): void {
    this.isStopped = true;
    this.executor.stop();
  }

  async shutdown(maxMillis: number): Promise<boolean> {
    this.stop();
    this.context.clock.clearTimeout(this.lockTimer);
    const hasEnded = await this.executor.close(maxMillis);
    if (this.isClustering) await this.locker.unlockAll();
    return hasEnded;
  }

  /** Handles the next messages of a queue; goes on with it, or comes back later, when they are done. */
  consumeNext(queue: ProcessQueue): void | Promise<void> {
    this.active.delete(queue);
    if (queue.dropped || this.isStopped) return;
    if (this.isClustering && !queue.isLocked) return this.tryLockAndConsume(queue);
    const messages = queue.peek(this.context.config.consumeMessageBatchMaxSize);
    if (messages.length === 0) return;
    this.active.add(queue);
    queue.setConsuming(true);
    const context: ConsumeOrderlyContext = { messageQueue: queue.mq, suspendCurrentQueueTimeMillis: -1 };
    const status = this.call(messages, context);
    if (status instanceof Promise)
      return status.then((result) => this.finish(result, messages, context, queue));
    return this.finish(status, messages, context, queue);
  }

  private get isClustering(): boolean {
    return this.context.config.messageModel === 'CLUSTERING';
  }

  private call(
    messages: readonly MessageExt[],
    context: ConsumeOrderlyContext,
  ): ConsumeOrderlyStatus | Promise<ConsumeOrderlyStatus> {
    this.context.prepare(messages);
    try {
      const status = this.listener(messages, context);
      return status instanceof Promise ? status.catch((error) => this.failed(messages, error)) : status;
    } catch (error) {
      return this.failed(messages, error);
    }
  }

  private finish(
    status: ConsumeOrderlyStatus,
    messages: readonly MessageExt[],
    context: ConsumeOrderlyContext,
    queue: ProcessQueue,
  ): void | Promise<void> {
    const handled = status === 'SUCCESS' ? messages.length : 0;
    this.context.stats.onConsumed(queue.mq.topic, handled, messages.length - handled, startedAt(messages));
    if (status !== 'SUCCESS') return this.finishFailed(messages, context, queue);
    this.commit(messages, queue);
    this.continue(queue);
  }

  /** The same messages again after a pause; those that were tried too often become dead (#checkReconsumeTimes). */
  private async finishFailed(
    messages: readonly MessageExt[],
    context: ConsumeOrderlyContext,
    queue: ProcessQueue,
  ): Promise<void> {
    const isDead = await Promise.all(messages.map((message) => this.giveUpIfTooOften(message)));
    if (isDead.every(Boolean)) {
      this.commit(messages, queue);
      return this.continue(queue);
    }
    queue.setConsuming(false);
    const { suspendCurrentQueueTimeMillis } = this.context.config;
    const asked = context.suspendCurrentQueueTimeMillis;
    const pause = asked < 0 ? suspendCurrentQueueTimeMillis : asked;
    this.continueLater(queue, Math.min(Math.max(pause, MIN_SUSPEND), MAX_SUSPEND));
  }

  private async giveUpIfTooOften(message: MessageExt): Promise<boolean> {
    if (message.reconsumeTimes < this.context.maxReconsumeTimes) {
      message.reconsumeTimes++;
      return false;
    }
    try {
      await this.context.backSender.sendToRetryTopic(message);
      return true;
    } catch (error) {
      this.context.logger.error(
        `Message ${message.msgId} cannot be made dead, it is tried again: ${String(error)}`,
      );
      return false;
    }
  }

  /** Of a queue that was taken away too: whoever gets it next waits for this offset. */
  private commit(messages: readonly MessageExt[], queue: ProcessQueue): void {
    this.context.offsetStore.updateOffset(queue.mq, queue.remove(messages), false);
    queue.setConsuming(false);
  }

  private continue(queue: ProcessQueue): void {
    this.active.delete(queue);
    if (queue.count > 0) this.submit([], queue);
  }

  private continueLater(queue: ProcessQueue, delay: number): void {
    this.context.clock.setTimeout(() => this.continue(queue), delay);
  }

  private async tryLockAndConsume(queue: ProcessQueue): Promise<void> {
    this.active.add(queue);
    if (await this.locker.lock(queue)) this.continue(queue);
    else this.continueLater(queue, NOT_LOCKED_DELAY);
  }

  private renewLocksLater(delay: number): void {
    this.lockTimer = this.context.clock.setTimeout(() => {
      void this.locker.lockAll();
      this.renewLocksLater(LOCK_INTERVAL);
    }, delay);
  }

  private failed(messages: readonly MessageExt[], error: unknown): ConsumeOrderlyStatus {
    this.context.logListenerError(messages, error);
    return 'SUSPEND_CURRENT_QUEUE_A_MOMENT';
  }
}

class OrderlyTask implements ConsumeTask {
  constructor(
    private readonly service: ConsumeMessageOrderlyService,
    private readonly queue: ProcessQueue,
  ) {}

  run(): void | Promise<void> {
    return this.service.consumeNext(this.queue);
  }
}
