import type { MessageExt } from '../../common/message-ext.js';
import { startedAt, type ConsumerContext } from './consumer-context.js';
import type { ConsumeTask } from './consume-executor.js';
import {
  newContext,
  type ConsumeMessageConcurrentlyService,
} from './consume-message-concurrently-service.js';
import type { ConsumeConcurrentlyContext, ConsumeConcurrentlyStatus } from './message-listener.js';
import { PopAcknowledger } from './pop-acknowledger.js';
import type { PopProcessQueue } from './pop-process-queue.js';

/** Seconds until the next attempt, by how often the message came before (`popDelayLevel`). */
const POP_DELAY_LEVEL = [10, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 1200, 1800, 3600, 7200];
/** Milliseconds until somebody else gets a message that is not begun here any more. */
const GIVE_UP_DELAY = 1000;

/** A message that this consumer has until its time is over. */
interface Popped {
  readonly queue: PopProcessQueue;
  /** Milliseconds since the epoch at which the broker may give it to somebody else. */
  readonly deadline: number;
  isBegun: boolean;
}

/** Consumes popped messages, each of which is acknowledged by itself (ConsumeMessagePopConcurrentlyService). */
export class ConsumeMessagePopConcurrentlyService {
  /** What is not done yet. */
  private readonly popped = new Map<MessageExt, Popped>();
  private readonly acknowledger: PopAcknowledger;
  /** What brokers are told, for which the end waits. */
  private readonly telling = new Set<Promise<void>>();
  private isStopped = false;

  constructor(
    private readonly context: ConsumerContext,
    private readonly service: Pick<ConsumeMessageConcurrentlyService, 'call' | 'execute'>,
  ) {
    this.acknowledger = new PopAcknowledger(context);
  }

  /** Popped messages, which are this consumer's for `popInvisibleTime` from now on. */
  submit(messages: readonly MessageExt[], queue: PopProcessQueue): void {
    const { consumeMessageBatchMaxSize, popInvisibleTime } = this.context.config;
    const deadline = this.context.clock.now() + popInvisibleTime;
    for (const message of messages) {
      this.popped.set(message, { queue, deadline, isBegun: false });
      queue.waitAckCount++;
    }
    if (this.isStopped) return this.giveUp();
    const [tried, exhausted] = this.divide(messages);
    for (const message of exhausted) this.makeDead(message);
    for (let i = 0; i < tried.length; i += consumeMessageBatchMaxSize) {
      const batch = tried.slice(i, i + consumeMessageBatchMaxSize);
      this.service.execute(new PopConsumeRequest(this, batch, queue, deadline));
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
    this.consumeLater(message, delayLevel);
  }

  /** Calls the listener, unless the time is over, and the messages come again anyway. */
  consume(messages: readonly MessageExt[], queue: PopProcessQueue, deadline: number): void | Promise<void> {
    if (this.isOver(deadline)) return this.forget(messages, 'did not begin');
    for (const message of messages) this.begin(message);
    const context = newContext(queue.mq);
    const status = this.service.call(messages, context);
    const finish = (settled: ConsumeConcurrentlyStatus) =>
      this.finish(settled, messages, context, queue, deadline);
    return status instanceof Promise ? status.then(finish) : finish(status);
  }

  /** Acknowledges what was handled, and lets the rest come again (#processConsumeResult). */
  private finish(
    status: ConsumeConcurrentlyStatus,
    messages: readonly MessageExt[],
    { ackIndex, delayLevelWhenNextConsume, deadLetterReason }: ConsumeConcurrentlyContext,
    { mq }: PopProcessQueue,
    deadline: number,
  ): void {
    const isLate = this.isOver(deadline);
    const isHandled = status === 'CONSUME_SUCCESS' && !isLate;
    const handled = isHandled ? Math.min(ackIndex, messages.length - 1) + 1 : 0;
    this.context.stats.onConsumed(mq.topic, handled, messages.length - handled, startedAt(messages));
    if (isLate) return this.forget(messages, 'did not end');
    for (const message of messages.slice(0, handled)) this.ack(message);
    for (const message of messages.slice(handled)) {
      // One that the listener gave back itself is done.
      if (!this.popped.has(message)) continue;
      if (deadLetterReason !== undefined) this.makeDead(message, deadLetterReason);
      else this.sendBack(message, delayLevelWhenNextConsume);
    }
  }

  private isOver(deadline: number): boolean {
    return this.context.clock.now() >= deadline;
  }

  /** Whether a failure of the message is its last. */
  private isExhausted({ reconsumeTimes }: MessageExt): boolean {
    return reconsumeTimes >= this.context.maxReconsumeTimes;
  }

  /** Those that may be tried, and those of which all attempts took too long. */
  private divide(messages: readonly MessageExt[]): [MessageExt[], MessageExt[]] {
    const { maxReconsumeTimes } = this.context;
    const isTried = ({ reconsumeTimes }: MessageExt) => reconsumeTimes <= maxReconsumeTimes;
    return [messages.filter(isTried), messages.filter((message) => !isTried(message))];
  }

  private begin(message: MessageExt): void {
    this.popped.get(message)!.isBegun = true;
  }

  /** Java's client acknowledges a message that failed too often, and it is lost. */
  private makeDead(message: MessageExt, reason?: string): void {
    this.begin(message);
    const sent = this.context.backSender.sendDead(message, reason).then(
      () => this.ack(message),
      (error) => {
        this.context.logger.error(
          `Message ${message.msgId} cannot be made dead, it is tried again: ${String(error)}`,
        );
        this.consumeLater(message, 0);
      },
    );
    this.tell(sent);
  }

  private consumeLater(message: MessageExt, delayLevel: number): void {
    const level = Math.min(
      delayLevel === 0 ? message.reconsumeTimes : delayLevel,
      POP_DELAY_LEVEL.length - 1,
    );
    this.giveBack(message, POP_DELAY_LEVEL[level]! * 1000);
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
    const ids = late.map(({ msgId }) => msgId).join(', ');
    const { consumerGroup, popInvisibleTime } = this.context.config;
    this.context.logger.warn(
      `The listener of group ${consumerGroup} ${what} within popInvisibleTime, ${popInvisibleTime} ms; the messages come again: ${ids}`,
    );
    for (const message of late) this.remove(message);
  }

  private giveUp(): void {
    for (const [message, { isBegun }] of this.popped) if (!isBegun) this.giveBack(message, GIVE_UP_DELAY);
  }
}

/** One call of the listener. */
class PopConsumeRequest implements ConsumeTask {
  constructor(
    private readonly service: ConsumeMessagePopConcurrentlyService,
    private readonly messages: readonly MessageExt[],
    private readonly queue: PopProcessQueue,
    private readonly deadline: number,
  ) {}

  run(): void | Promise<void> {
    return this.service.consume(this.messages, this.queue, this.deadline);
  }
}
