import type { MessageExt } from '../../common/message-ext.js';
import type { RingMember } from '../../common/ring.js';
import { MQClientError } from '../../errors/mq-client.error.js';
import { startedAt, type ConsumerContext } from './consumer-context.js';
import type { ConsumeTask } from './consume-executor.js';
import {
  ConcurrentlyContext,
  type ConsumeMessageConcurrentlyService,
} from './consume-message-concurrently-service.js';
import type { ConsumeConcurrentlyStatus } from './message-listener.js';
import { PopAcknowledger } from './pop-acknowledger.js';
import type { PopProcessQueue } from './pop-process-queue.js';
import { POP_DELAY_LEVEL } from './retry-level.js';
import { type RunningCall, RunningCalls } from './running-calls.js';

/** Milliseconds until somebody else gets a message that is not begun here any more. */
const GIVE_UP_DELAY = 1000;
/** How often a message may come back above `maxReconsumeTimes` and is still tried: then it may be what ends the process each time. */
const MAX_UNTRIED = 16;

/** A message that this consumer has until its time is over. */
interface Popped {
  readonly queue: PopProcessQueue;
  /** When the broker may give it to somebody else, in the time of `Clock.monotonicNow`. */
  readonly deadline: number;
  isBegun: boolean;
}

/** Consumes popped messages, each of which is acknowledged by itself (ConsumeMessagePopConcurrentlyService). */
export class ConsumeMessagePopConcurrentlyService {
  /** What is not done yet. */
  private readonly popped = new Map<MessageExt, Popped>();
  private readonly acknowledger: PopAcknowledger;
  private readonly running: RunningCalls<PopConsumeRequest>;
  /** What brokers are told, for which the end waits. */
  private readonly telling = new Set<Promise<void>>();
  private isStopped = false;

  constructor(
    private readonly context: ConsumerContext,
    private readonly service: Pick<ConsumeMessageConcurrentlyService, 'call' | 'execute'>,
  ) {
    this.acknowledger = new PopAcknowledger(context);
    const { popInvisibleTime } = context.config;
    this.running = new RunningCalls(context.clock, popInvisibleTime, (call) => this.giveUpLate(call));
  }

  /** Popped messages, which are this consumer's for `popInvisibleTime` from now on. */
  submit(messages: readonly MessageExt[], queue: PopProcessQueue): void {
    const { consumeMessageBatchMaxSize, popInvisibleTime } = this.context.config;
    const poppedAt = this.context.clock.monotonicNow();
    const deadline = poppedAt + popInvisibleTime;
    for (const message of messages) {
      this.popped.set(message, { queue, deadline, isBegun: false });
      queue.waitAckCount++;
    }
    if (this.isStopped) return this.giveUp();
    const [tried, exhausted] = this.divide(messages);
    for (const message of exhausted) this.makeDead(message);
    for (let i = 0; i < tried.length; i += consumeMessageBatchMaxSize) {
      this.execute(tried.slice(i, i + consumeMessageBatchMaxSize), queue, poppedAt);
    }
  }

  /** Acknowledges messages that this consumer does not want. */
  pass(messages: readonly MessageExt[], queue: PopProcessQueue): void {
    for (const message of messages) this.tell(this.acknowledger.ack(queue.mq.topic, message));
  }

  /** Begins no more messages: those that wait are left to others. */
  stop(): void {
    this.isStopped = true;
    this.giveUp();
  }

  /** Waits until the brokers know what became of the messages. */
  async shutdown(): Promise<void> {
    this.running.abort(new MQClientError('The consumer is shut down'));
    while (this.telling.size > 0) await Promise.all(this.telling);
  }

  /** Messages whose listener has not ended. */
  unfinished(): MessageExt[] {
    return [...this.popped].filter(([, { isBegun }]) => isBegun).map(([message]) => message);
  }

  /** Whether the message was popped by this consumer and is not done. */
  has(message: MessageExt): boolean {
    return this.popped.has(message);
  }

  /** Lets a message come again after the delay of a level: 0 rises with every attempt, -1 makes it dead. */
  sendBack(message: MessageExt, delayLevel: number): void {
    if (this.isOver(this.popped.get(message)!.deadline)) return this.forget([message], 'did not end');
    if (delayLevel < 0 || this.isExhausted(message)) return this.makeDead(message);
    this.giveBack(message, delayOf(message, delayLevel));
  }

  /** Calls the listener, unless the time is over, and the messages come again anyway. */
  consume(request: PopConsumeRequest): void | Promise<void> {
    const { messages, context } = request;
    if (this.isLate(request)) return this.forget(messages, 'did not begin');
    for (const message of messages) this.begin(message);
    const status = this.service.call(messages, context);
    if (!(status instanceof Promise)) return this.finish(status, request);
    this.running.begin(request);
    return status.then((settled) => {
      this.running.end(request);
      if (!context.isAborted) this.finish(settled, request);
    });
  }

  private execute(messages: readonly MessageExt[], queue: PopProcessQueue, poppedAt: number): void {
    this.service.execute(new PopConsumeRequest(this, messages, queue, poppedAt));
  }

  isLate({ begunAt: poppedAt }: PopConsumeRequest): boolean {
    return this.isOver(poppedAt + this.context.config.popInvisibleTime);
  }

  /** What becomes of the call does not count any more. */
  private giveUpLate(request: PopConsumeRequest): void {
    const { popInvisibleTime } = this.context.config;
    request.context.abort(new MQClientError(`popInvisibleTime (${popInvisibleTime} ms) is over`));
    this.finish('RECONSUME_LATER', request);
  }

  /** Acknowledges what was handled, and lets the rest come again (#processConsumeResult). */
  private finish(status: ConsumeConcurrentlyStatus, request: PopConsumeRequest): void {
    const { messages, context, queue } = request;
    const isLate = this.isLate(request);
    const done = context.handledOf(messages.length, status);
    const handled = isLate ? 0 : done;
    const begun = context.begunOf(messages.length);
    this.context.stats.onConsumed(queue.mq.topic, handled, begun - handled, startedAt(messages));
    if (isLate) return this.finishLate(messages, messages.slice(done, begun));
    for (const message of messages.slice(0, handled)) this.ack(message);
    for (const message of messages.slice(handled, begun)) {
      // One that the listener gave back itself is done.
      if (!this.popped.has(message)) continue;
      if (context.deadLetterReason !== undefined) this.makeDead(message, context.deadLetterReason);
      else this.sendBack(message, context.delayLevelWhenNextConsume);
    }
    if (begun < messages.length) this.goOn(messages.slice(begun), request);
  }

  /** Brokers count what comes back, whether it was tried or not: only here it is known that this was an attempt, and the last one. */
  private finishLate(messages: readonly MessageExt[], failed: readonly MessageExt[]): void {
    const dead = failed.filter((message) => this.popped.has(message) && this.isExhausted(message));
    this.logLate(dead, 'did not end', 'are dead');
    for (const message of dead) this.makeDead(message);
    this.forget(messages, 'did not end');
  }

  /** Hands over what was not begun. */
  private goOn(messages: readonly MessageExt[], { queue, begunAt }: PopConsumeRequest): void {
    for (const message of messages) this.popped.get(message)!.isBegun = false;
    if (this.isStopped) this.giveUp();
    else this.execute(messages, queue, begunAt);
  }

  private isOver(deadline: number): boolean {
    return this.context.clock.monotonicNow() >= deadline;
  }

  /** Whether a failure of the message is its last. */
  private isExhausted({ reconsumeTimes }: MessageExt): boolean {
    return reconsumeTimes >= this.context.maxReconsumeTimes;
  }

  /** Those that may be tried, and those that came back too often. */
  private divide(messages: readonly MessageExt[]): [MessageExt[], MessageExt[]] {
    const most = this.context.maxReconsumeTimes + MAX_UNTRIED;
    const isTried = ({ reconsumeTimes }: MessageExt) => reconsumeTimes <= most;
    return [messages.filter(isTried), messages.filter((message) => !isTried(message))];
  }

  private begin(message: MessageExt): void {
    this.popped.get(message)!.isBegun = true;
  }

  /**
   * Java's client acknowledges a message that failed too often, and it is lost. Here what becomes of it is settled by its dead
   * letter, and no longer by the status or the time of a call that still goes on.
   */
  private makeDead(message: MessageExt, reason?: string): void {
    const popped = this.popped.get(message)!;
    const { queue } = popped;
    this.popped.delete(message);
    const settled = this.context.backSender.sendDead(message, reason).then(
      () => this.acknowledger.ack(queue.mq.topic, message),
      (error) => this.notDead(message, popped, error),
    );
    this.tell(settled.finally(() => queue.onDone()));
  }

  private async notDead(message: MessageExt, { queue, deadline }: Popped, error: unknown): Promise<void> {
    this.context.logger.error(
      `Message ${message.msgId} cannot be made dead, it is tried again: ${String(error)}`,
    );
    // When its time is over it comes again anyway, and would come twice.
    if (this.isOver(deadline)) return;
    await this.acknowledger.changeInvisibleTime(queue.mq.topic, message, delayOf(message, 0));
  }

  private giveBack(message: MessageExt, delay: number): void {
    const { topic } = this.remove(message)!.mq;
    this.tell(this.acknowledger.changeInvisibleTime(topic, message, delay));
  }

  private ack(message: MessageExt): void {
    const queue = this.remove(message);
    if (queue !== undefined) this.tell(this.acknowledger.ack(queue.mq.topic, message));
  }

  private tell(told: Promise<void>): void {
    this.telling.add(told);
    void told.finally(() => this.telling.delete(told));
  }

  private remove(message: MessageExt): PopProcessQueue | undefined {
    const popped = this.popped.get(message);
    this.popped.delete(message);
    popped?.queue.onDone();
    return popped?.queue;
  }

  private forget(messages: readonly MessageExt[], what: string): void {
    const late = messages.filter((message) => this.popped.has(message));
    this.logLate(late, what, 'come again');
    for (const message of late) this.remove(message);
  }

  private logLate(messages: readonly MessageExt[], what: string, become: string): void {
    if (messages.length === 0) return;
    const ids = messages.map(({ msgId }) => msgId).join(', ');
    const { consumerGroup, popInvisibleTime } = this.context.config;
    this.context.logger.warn(
      `The listener of group ${consumerGroup} ${what} within popInvisibleTime, ${popInvisibleTime} ms; the messages ${become}: ${ids}`,
    );
  }

  private giveUp(): void {
    for (const [message, { isBegun }] of this.popped) if (!isBegun) this.giveBack(message, GIVE_UP_DELAY);
  }
}

/** Milliseconds until the next attempt. */
function delayOf({ reconsumeTimes }: MessageExt, delayLevel: number): number {
  const level = Math.min(delayLevel === 0 ? reconsumeTimes : delayLevel, POP_DELAY_LEVEL.length - 1);
  return POP_DELAY_LEVEL[level]! * 1000;
}

/** One call of the listener. */
class PopConsumeRequest implements RunningCall, ConsumeTask {
  previous: RingMember = this;
  next: RingMember = this;
  readonly context: ConcurrentlyContext;

  constructor(
    private readonly service: ConsumeMessagePopConcurrentlyService,
    readonly messages: readonly MessageExt[],
    readonly queue: PopProcessQueue,
    /** When they were popped, in the time of `Clock.monotonicNow`: from then on their time runs. */
    readonly begunAt: number,
  ) {
    this.context = new ConcurrentlyContext(queue.mq);
  }

  run(): void | Promise<void> {
    return this.service.consume(this);
  }

  isOver(): boolean {
    return this.service.isLate(this);
  }
}
