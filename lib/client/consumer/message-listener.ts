import type { MessageExt } from '../../common/message-ext.js';
import type { MessageQueue } from '../../common/message-queue.js';

export type ConsumeConcurrentlyStatus = 'CONSUME_SUCCESS' | 'RECONSUME_LATER';
export type ConsumeOrderlyStatus = 'SUCCESS' | 'SUSPEND_CURRENT_QUEUE_A_MOMENT';

/** What a listener may set for the messages that it was called with (ConsumeConcurrentlyContext). */
export interface ConsumeConcurrentlyContext {
  readonly messageQueue: MessageQueue;
  /** For messages that come again: 0 lets the broker choose, -1 makes them dead, 1 to 18 are delay levels. */
  delayLevelWhenNextConsume: number;
  /** Why messages become dead, which is noted in them. */
  deadLetterReason?: string | undefined;
  /** Index of the last message that was handled; those behind it come again, although the status is success. */
  ackIndex: number;
  /**
   * Index of the message that is being handled, set by a listener that handles them one after the other: those before it are done, whatever
   * becomes of the call, and those behind it were not begun and do not count as tried.
   */
  currentIndex?: number | undefined;
  /** Aborted after `consumeTimeout`, and when a shutdown waits no longer: the messages come again, and the status no longer counts. */
  readonly signal: AbortSignal;
  /** The same, without making a signal. */
  readonly isAborted: boolean;
  /** Whether the queue was taken away meanwhile: the messages come again to whoever has it next, unless they were popped. */
  readonly isDropped: boolean;
}

/** (ConsumeOrderlyContext) */
export interface ConsumeOrderlyContext {
  readonly messageQueue: MessageQueue;
  /** Milliseconds until the next attempt; -1 takes the consumer's `suspendCurrentQueueTimeMillis`. */
  suspendCurrentQueueTimeMillis: number;
  /** Aborted after `consumeTimeout`, although the status counts, and when a shutdown waits no longer: then it does not. */
  readonly signal: AbortSignal;
  readonly isAborted: boolean;
}

/** Handles messages in any order (MessageListenerConcurrently). An error counts as `RECONSUME_LATER`. */
export type MessageListenerConcurrently = (
  messages: readonly MessageExt[],
  context: ConsumeConcurrentlyContext,
) => ConsumeConcurrentlyStatus | Promise<ConsumeConcurrentlyStatus>;

/** Handles messages in the order of their queue (MessageListenerOrderly). An error counts as suspension. */
export type MessageListenerOrderly = (
  messages: readonly MessageExt[],
  context: ConsumeOrderlyContext,
) => ConsumeOrderlyStatus | Promise<ConsumeOrderlyStatus>;
