import type { MessageExt } from '../../common/message-ext.js';
import type { MessageQueue } from '../../common/message-queue.js';
import type { RingMember } from '../../common/ring.js';
import { MQClientError } from '../../errors/mq-client.error.js';
import type { ConsumeMessageDirectlyResult } from '../../remoting/body/consume-message-directly-result.js';
import { CallSignal } from './call-signal.js';
import { consumeTimeoutMillis } from './consumer-config.js';
import { startedAt } from './consumer-context.js';
import { callDirectly, queueOfMessage } from './consume-directly.js';
import type { ConsumeTask } from './consume-executor.js';
import { ConsumeMessageService } from './consume-message-service.js';
import type { ConsumeConcurrentlyContext, ConsumeConcurrentlyStatus } from './message-listener.js';
import type { ProcessQueue } from './process-queue.js';
import { type RunningCall, RunningCalls, tooLong } from './running-calls.js';

/** Milliseconds until a message is tried again that could not even be sent back. */
const LOCAL_RETRY_DELAY = 5000;
/** Delay level of a message whose listener takes too long. */
const EXPIRED_DELAY_LEVEL = 3;

/** Consumes messages in any order, several at once (ConsumeMessageConcurrentlyService). */
export class ConsumeMessageConcurrentlyService extends ConsumeMessageService<
  ConsumeConcurrentlyContext,
  ConsumeConcurrentlyStatus
> {
  private readonly running = new RunningCalls<ConsumeRequest>(
    this.context.clock,
    consumeTimeoutMillis(this.context.config),
    (call) => void this.giveUp(call),
  );

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
    const context = new ConcurrentlyContext(queueOfMessage(message));
    return callDirectly(this.context.clock, false, () => this.listener([message], context));
  }

  async shutdown(maxMillis: number): Promise<boolean> {
    const hasEnded = await this.executor.close(maxMillis);
    this.running.abort(new MQClientError('The consumer is shut down'));
    return hasEnded;
  }

  /** Calls the listener and does what its status says. */
  run(request: ConsumeRequest): void | Promise<void> {
    const status = this.call(request.messages, request.context);
    if (!(status instanceof Promise)) return this.finish(status, request);
    request.begunAt = this.context.clock.monotonicNow();
    this.running.begin(request);
    return status.then((result) => {
      this.running.end(request);
      if (!request.context.isAborted) return this.finish(result, request);
    });
  }

  /** Commits what was handled, and sends back what was not (#processConsumeResult). */
  private finish(status: ConsumeConcurrentlyStatus, request: ConsumeRequest): void | Promise<void> {
    const { messages, context, queue } = request;
    const handled = context.handledOf(messages.length, status);
    const failed = context.begunOf(messages.length) - handled;
    const { stats, clock } = this.context;
    const now = clock.now();
    stats.onConsumed(queue.mq.topic, handled, failed, startedAt(messages), now);
    // They come again to whoever has the queue next: sent back, they would come twice.
    if (queue.dropped) return;
    if (handled === messages.length) return this.commit(messages, queue, now);
    return this.finishFailed(request, handled, context.delayLevelWhenNextConsume, context.deadLetterReason);
  }

  /** Gives back what was begun and not handled. What was not begun has not failed: it is handed over anew. */
  private async finishFailed(
    { messages, context, queue }: ConsumeRequest,
    handled: number,
    delayLevel: number,
    deadReason?: string,
  ): Promise<void> {
    const begun = context.begunOf(messages.length);
    this.submit(messages.slice(begun), queue);
    const outcomes = await Promise.all(
      messages.slice(handled, begun).map(async (message) => ({
        message,
        isDone: await this.giveBack(message, delayLevel, deadReason),
      })),
    );
    const sentBack = outcomes.filter(({ isDone }) => isDone).map(({ message }) => message);
    this.commit([...messages.slice(0, handled), ...sentBack], queue);
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
    if (queue.dropped) return;
    this.later(LOCAL_RETRY_DELAY, () => {
      if (!queue.dropped) this.submit(messages, queue);
    });
  }

  private commit(messages: readonly MessageExt[], queue: ProcessQueue, now?: number): void {
    const offset = queue.remove(messages, now);
    if (!queue.dropped) this.context.offsetStore.updateOffset(queue.mq, offset, true);
  }

  protected failed(
    messages: readonly MessageExt[],
    error: unknown,
    { isAborted }: ConsumeConcurrentlyContext,
  ): ConsumeConcurrentlyStatus {
    if (!isAborted) this.context.logListenerError(messages, error);
    return 'RECONSUME_LATER';
  }

  /** What a call is at that has run for longer than `consumeTimeout` comes again; its status does not count any more. */
  private async giveUp(request: ConsumeRequest): Promise<void> {
    const { messages, context, queue } = request;
    const { config, stats, logger } = this.context;
    const handled = context.handledOf(messages.length, 'RECONSUME_LATER');
    const expired = messages.slice(handled, context.begunOf(messages.length));
    const fault = tooLong(expired, config);
    logger.warn(`${fault}: it is sent back, and what becomes of this call does not count`);
    context.abort(new MQClientError(fault));
    stats.onConsumed(queue.mq.topic, handled, expired.length, startedAt(messages));
    // Of a queue that was taken away they come again anyway.
    if (queue.dropped) return;
    await this.finishFailed(request, handled, EXPIRED_DELAY_LEVEL);
  }
}

/** What a listener of messages in any order may set, and is told. */
export class ConcurrentlyContext extends CallSignal implements ConsumeConcurrentlyContext {
  delayLevelWhenNextConsume = 0;
  deadLetterReason: string | undefined;
  ackIndex = Number.MAX_SAFE_INTEGER;
  currentIndex: number | undefined;

  constructor(
    readonly messageQueue: MessageQueue,
    private readonly queue?: ProcessQueue,
  ) {
    super();
  }

  get isDropped(): boolean {
    return this.queue?.dropped === true;
  }

  /** How many of so many messages were begun. */
  begunOf(count: number): number {
    return this.currentIndex === undefined ? count : this.currentIndex + 1;
  }

  /** How many of those are done when the call ends with a status. */
  handledOf(count: number, status: ConsumeConcurrentlyStatus): number {
    if (status !== 'CONSUME_SUCCESS') return this.currentIndex ?? 0;
    return Math.min(this.ackIndex + 1, this.begunOf(count));
  }
}

/** One call of the listener. */
class ConsumeRequest implements RunningCall, ConsumeTask {
  previous: RingMember = this;
  next: RingMember = this;
  begunAt = 0;
  readonly context: ConcurrentlyContext;

  constructor(
    private readonly service: ConsumeMessageConcurrentlyService,
    readonly messages: readonly MessageExt[],
    readonly queue: ProcessQueue,
  ) {
    this.context = new ConcurrentlyContext(queue.mq, queue);
  }

  run(): void | Promise<void> {
    if (!this.queue.dropped) return this.service.run(this);
  }
}
