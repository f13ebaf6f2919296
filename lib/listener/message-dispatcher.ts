import type {
  ConsumeConcurrentlyContext,
  ConsumeConcurrentlyStatus,
  ConsumeOrderlyContext,
  ConsumeOrderlyStatus,
  DefaultMQPushConsumer,
} from '../client/index.js';
import { DEAD_LETTER_LEVEL } from '../common/delay-level.js';
import { describe } from '../common/describe.js';
import type { Logger } from '../common/logger.js';
import { attemptsOf } from '../client/consumer/second-life.js';
import type { MessageExt } from '../common/message-ext.js';
import { inOwnContext } from '../common/own-context.js';
import type { ListenerCallContext } from './listener-endpoint.js';
import { handle, outcomeOfError, type ListenerRoute } from './listener-route.js';
import { Ack, RocketMQOutcome } from './outcome.js';

/** Gives back what is not to be handled again here; of the consumer. */
export type MessageTaker = Pick<DefaultMQPushConsumer, 'sendMessageBack' | 'sendMessageDead'>;

/** The way of the messages of a group to their listeners, and of the outcome to the consumer. */
export class MessageDispatcher {
  constructor(
    private readonly routes: ReadonlyMap<string, readonly ListenerRoute[]>,
    private readonly isBroadcasting: boolean,
    private readonly taker: () => MessageTaker,
    private readonly logger: Logger,
  ) {}

  consumeConcurrently(
    messages: readonly MessageExt[],
    context: ConsumeConcurrentlyContext,
  ): ConsumeConcurrentlyStatus | Promise<ConsumeConcurrentlyStatus> {
    if (messages.length > 1) return this.consumeEach(messages, context);
    const [message] = messages;
    const outcome = this.outcomeOf(message!, context);
    return outcome instanceof Promise
      ? outcome.then((settled) => this.apply(settled, message!, context))
      : this.apply(outcome, message!, context);
  }

  async consumeOrderly(
    messages: readonly MessageExt[],
    context: ConsumeOrderlyContext,
  ): Promise<ConsumeOrderlyStatus> {
    for (const message of messages) {
      const outcome = await this.outcomeOf(message, context);
      if (outcome.kind === 'ACK') continue;
      const isDead = outcome.kind === 'DEAD_LETTER';
      if (isDead && (await this.giveBack(message, outcome))) continue;
      // What is given back is logged there.
      if (!isDead && outcome.error !== undefined) throw outcome.error;
      context.suspendCurrentQueueTimeMillis = outcome.retry.suspendMillis ?? -1;
      return 'SUSPEND_CURRENT_QUEUE_A_MOMENT';
    }
    return 'SUCCESS';
  }

  /** The consumer gives the message back. What a listener decided, and did not throw, is logged here. */
  private apply(
    { kind, retry, reason, error }: RocketMQOutcome,
    message: MessageExt,
    context: ConsumeConcurrentlyContext,
  ): ConsumeConcurrentlyStatus {
    if (kind === 'ACK') return 'CONSUME_SUCCESS';
    context.delayLevelWhenNextConsume = kind === 'DEAD_LETTER' ? DEAD_LETTER_LEVEL : (retry.delayLevel ?? 0);
    context.deadLetterReason = reason;
    if (error !== undefined) throw error;
    if (kind === 'DEAD_LETTER') this.logDead(message, reason!);
    return 'RECONSUME_LATER';
  }

  /**
   * Messages that were handed over together, one after the other. Each that fails is given back by itself: those beside it
   * are neither handled again nor counted as tried. Those of a queue that was taken away come again to whoever has it next.
   */
  private async consumeEach(
    messages: readonly MessageExt[],
    context: ConsumeConcurrentlyContext,
  ): Promise<ConsumeConcurrentlyStatus> {
    for (const [index, message] of messages.entries()) {
      // What was not begun was handed over anew, or the application ends.
      if (context.isDropped || context.isAborted) break;
      context.currentIndex = index;
      const outcome = await this.outcomeOf(message, context);
      // It was given back itself.
      if (context.isAborted) break;
      if (outcome.kind === 'ACK' || (await this.giveBack(message, outcome, context.isDropped))) continue;
      context.ackIndex = index - 1;
      break;
    }
    return 'CONSUME_SUCCESS';
  }

  private outcomeOf(
    message: MessageExt,
    context: ListenerCallContext,
  ): RocketMQOutcome | Promise<RocketMQOutcome> {
    return inOwnContext(() => this.handle(message, context));
  }

  private handle(
    message: MessageExt,
    context: ListenerCallContext,
  ): RocketMQOutcome | Promise<RocketMQOutcome> {
    const route = this.routeOf(message);
    try {
      const handled = handle(route, message, context);
      if (!(handled instanceof Promise)) return asOutcome(handled);
      return handled.then(asOutcome, (error: unknown) => outcomeOfError(route, message, error));
    } catch (error) {
      return outcomeOfError(route, message, error);
    }
  }

  /** Whether the message need not be handled here any more. Broadcast messages are never tried again. */
  private async giveBack(message: MessageExt, outcome: RocketMQOutcome, isDropped = false): Promise<boolean> {
    const { kind, reason, error } = outcome;
    if (error !== undefined) this.logFailed(message, error);
    if (isDropped) return true;
    try {
      if (!this.isBroadcasting) await this.sendBack(message, outcome);
    } catch (cause) {
      this.logger.error(
        `Message ${message.msgId} of topic ${message.topic} cannot be given back, it is tried again: ${String(cause)}`,
      );
      return false;
    }
    if (error === undefined && kind === 'DEAD_LETTER') this.logDead(message, reason!);
    return true;
  }

  private sendBack(message: MessageExt, { kind, retry, reason }: RocketMQOutcome): Promise<void> {
    if (kind === 'DEAD_LETTER') return this.taker().sendMessageDead(message, reason!);
    return this.taker().sendMessageBack(message, retry.delayLevel ?? 0);
  }

  private logFailed(message: MessageExt, error: unknown): void {
    this.logger.warn(
      `Consuming message ${message.msgId} of topic ${message.topic} failed (attempt ${attemptsOf(message) + 1}): ${describe(error)}`,
    );
  }

  private logDead({ msgId, topic }: MessageExt, reason: string): void {
    const where = this.isBroadcasting ? 'is dropped' : 'goes to the dead-letter queue';
    this.logger.warn(`Message ${msgId} of topic ${topic} ${where}: ${reason}`);
  }

  private routeOf(message: MessageExt): ListenerRoute | undefined {
    const routes = this.routes.get(message.topic);
    // All properties are read for the tag of a message: only where there are listeners of some tags.
    return routes?.find(({ tags }) => tags.size === 0 || tags.has(message.tags ?? ''));
  }
}

function asOutcome(returned: unknown): RocketMQOutcome {
  return returned instanceof RocketMQOutcome ? returned : Ack;
}
