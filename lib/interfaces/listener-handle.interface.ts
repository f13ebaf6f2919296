import type { MessageQueue } from '../common/message-queue.js';

/** @publicApi */
export type RocketMQListenerState = 'STOPPED' | 'RUNNING' | 'PAUSED';

/** @publicApi */
export interface RocketMQOffsetReset {
  /** The beginning or the end of the queues, or what was stored at a time or later. */
  readonly to: 'first' | 'last' | Date;
  /** Default: all topics of the group's listeners. */
  readonly topic?: string | undefined;
}

/**
 * The listeners of one consumer group, at run time. What it does concerns this application; other members of the group go on.
 *
 * @publicApi
 */
export interface RocketMQListenerHandle {
  readonly group: string;
  readonly state: RocketMQListenerState;
  /** The listeners with what they listen to; no tags and no condition are all messages. */
  readonly listeners: readonly {
    readonly name: string;
    readonly topic: string;
    readonly tags: readonly string[];
    readonly sql?: string;
    /** Messages that the listener's `filter` kept from it since the start of the application. */
    readonly filtered: number;
  }[];
  /** Calls that may be under way at once. */
  readonly concurrency: number;
  /** Joins the group, also after {@link stop}. */
  start(): Promise<void>;
  /** Ends as at the shutdown of the application: running calls end, offsets are kept, other members get the queues. */
  stop(): Promise<void>;
  /**
   * Begins no more messages; the queues stay with this member, and nobody handles them meanwhile.
   *
   * @throws MQClientError when it does not run.
   */
  pause(): void;
  /** @throws MQClientError when it does not run. */
  resume(): void;
  /** @throws ConfigurationError for a number that is not from 1 to 1000. */
  setConcurrency(count: number): void;
  /**
   * Goes on elsewhere in the queues that this member has; messages that are being handled do not change that.
   *
   * @throws MQClientError when it does not run, or no listener of it has the topic.
   * @throws ConfigurationError for a place that is none, as an invalid `Date`.
   * @throws RocketMQError when a broker does not take an offset: there it goes on where it was.
   */
  resetOffset(reset: RocketMQOffsetReset): Promise<void>;
  /**
   * As {@link resetOffset}, in one queue; nothing happens when another member has it.
   *
   * @throws MQClientError when it does not run, or for an offset that is no integer from 0 up.
   */
  seek(queue: MessageQueue, offset: number): Promise<void>;
}
