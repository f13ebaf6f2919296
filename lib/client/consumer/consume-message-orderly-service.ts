import type { Timer } from '../../common/clock.js';
import type { MessageExt } from '../../common/message-ext.js';
import type { MessageQueue } from '../../common/message-queue.js';
import type { RingMember } from '../../common/ring.js';
import { MQClientError } from '../../errors/mq-client.error.js';
import type { ConsumeMessageDirectlyResult } from '../../remoting/body/consume-message-directly-result.js';
import { CallSignal } from './call-signal.js';
import { consumeTimeoutMillis } from './consumer-config.js';
import { startedAt, type ConsumerContext } from './consumer-context.js';
import { callDirectly, queueOfMessage } from './consume-directly.js';
import type { ConsumeTask } from './consume-executor.js';
import { ConsumeMessageService } from './consume-message-service.js';
import type {
  ConsumeOrderlyContext,
  ConsumeOrderlyStatus,
  MessageListenerOrderly,
} from './message-listener.js';
import type { ProcessQueue } from './process-queue.js';
import type { QueueLocker } from './queue-locker.js';
import { type RunningCall, RunningCalls, tooLong } from './running-calls.js';
import { attemptsOf } from './second-life.js';
import { suspendWithinBounds } from './suspend-time.js';

/** Milliseconds between renewals of the locks, and until the first one (`rocketmq.client.rebalance.lockInterval`). */
const LOCK_INTERVAL = 20_000;
const FIRST_LOCK_DELAY = 1000;
/** Milliseconds until a queue is tried again whose lock this client does not have. */
const NOT_LOCKED_DELAY = 3000;

/** Consumes the messages of each queue one after the other (ConsumeMessageOrderlyService). */
export class ConsumeMessageOrderlyService extends ConsumeMessageService<
  ConsumeOrderlyContext,
  ConsumeOrderlyStatus
> {
  /** Queues that have a task. */
  private readonly active = new Set<ProcessQueue>();
  private readonly running = new RunningCalls<OrderlyCall>(
    this.context.clock,
    consumeTimeoutMillis(this.context.config),
    (call) => this.warn(call),
  );
  private lockTimer: Timer | undefined;
  /** A shutdown waits no longer: what is still running comes again, and its status does not count. */
  private isOver = false;

  constructor(
    context: ConsumerContext,
    listener: MessageListenerOrderly,
    private readonly locker: QueueLocker,
  ) {
    super(context, listener);
  }

  override start(): void {
    if (this.isClustering) this.renewLocksLater(FIRST_LOCK_DELAY);
  }

  submit(_messages: readonly MessageExt[], queue: ProcessQueue): void {
    if (this.isStopped || this.active.has(queue)) return;
    this.active.add(queue);
    this.executor.execute(new OrderlyTask(this, queue));
  }

  consumeMessageDirectly(message: MessageExt): Promise<ConsumeMessageDirectlyResult> {
    this.context.prepare([message]);
    const context = new OrderlyContext(queueOfMessage(message));
    return callDirectly(this.context.clock, true, () => this.listener([message], context));
  }

  async shutdown(maxMillis: number): Promise<boolean> {
    this.stop();
    const hasEnded = await this.executor.close(maxMillis);
    this.context.clock.clearTimeout(this.lockTimer);
    this.isOver = true;
    this.running.abort(new MQClientError('The consumer is shut down'));
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
    const context = new OrderlyContext(queue.mq);
    const status = this.call(messages, context);
    if (!(status instanceof Promise)) return this.finish(status, messages, context, queue);
    const call = new OrderlyCall(messages, context, this.context.clock.monotonicNow());
    this.running.begin(call);
    return status.then((result) => {
      this.running.end(call);
      if (!this.isOver) return this.finish(result, messages, context, queue);
    });
  }

  /** As in Java nothing else happens: the queue cannot go on before the call has ended. */
  private warn({ messages, context }: OrderlyCall): void {
    const fault = tooLong(messages, this.context.config);
    this.context.logger.warn(`${fault}: its queue waits`);
    context.abort(new MQClientError(fault));
  }

  private get isClustering(): boolean {
    return this.context.config.messageModel === 'CLUSTERING';
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

  /** The same messages again after a pause, without those that were tried too often: they become dead (#checkReconsumeTimes). */
  private async finishFailed(
    messages: readonly MessageExt[],
    context: ConsumeOrderlyContext,
    queue: ProcessQueue,
  ): Promise<void> {
    const isDead = await Promise.all(messages.map((message) => this.giveUpIfTooOften(message)));
    const dead = messages.filter((_, index) => isDead[index]);
    if (dead.length > 0) this.commit(dead, queue);
    if (dead.length === messages.length) return this.continue(queue);
    queue.setConsuming(false);
    const { suspendCurrentQueueTimeMillis } = this.context.config;
    const asked = context.suspendCurrentQueueTimeMillis;
    const pause = asked < 0 ? suspendCurrentQueueTimeMillis : asked;
    this.continueLater(queue, suspendWithinBounds(pause));
  }

  private async giveUpIfTooOften(message: MessageExt): Promise<boolean> {
    if (attemptsOf(message) < this.context.maxReconsumeTimes) {
      message.reconsumeTimes++;
      return false;
    }
    try {
      await this.context.backSender.sendDead(message);
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
    this.later(delay, () => this.continue(queue));
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

  protected failed(messages: readonly MessageExt[], error: unknown): ConsumeOrderlyStatus {
    this.context.logListenerError(messages, error);
    return 'SUSPEND_CURRENT_QUEUE_A_MOMENT';
  }
}

class OrderlyContext extends CallSignal implements ConsumeOrderlyContext {
  suspendCurrentQueueTimeMillis = -1;

  constructor(readonly messageQueue: MessageQueue) {
    super();
  }
}

class OrderlyCall implements RunningCall {
  previous: RingMember = this;
  next: RingMember = this;

  constructor(
    readonly messages: readonly MessageExt[],
    readonly context: OrderlyContext,
    readonly begunAt: number,
  ) {}
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
