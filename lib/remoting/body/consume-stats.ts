import type { MessageQueue } from '../../common/message-queue.js';

/** How far a group is in its queues (ConsumeStats). */
export interface ConsumeStats {
  readonly offsetTable: ReadonlyMap<MessageQueue, OffsetWrapper>;
  /** Messages pulled a second, in the last minute. */
  readonly consumeTps: number;
}

export interface OffsetWrapper {
  /** Behind the newest message. */
  readonly brokerOffset: number;
  /** The next one to consume. */
  readonly consumerOffset: number;
  /** The next one to pull. */
  readonly pullOffset: number;
  /** When the last consumed message was stored, in milliseconds since the epoch; 0 when it is not known. */
  readonly lastTimestamp: number;
}

/** The same for all groups of a broker (ConsumeStatsList). */
export interface ConsumeStatsList {
  /** Each a group with its topics. */
  readonly consumeStatsList: readonly ReadonlyMap<string, readonly ConsumeStats[]>[];
  readonly brokerAddr: string;
  /** Messages that are not consumed, and those that are not pulled. */
  readonly totalDiff: number;
  readonly totalInflightDiff: number;
}

/** What of one queue a group has in time (QueueTimeSpan). */
export interface QueueTimeSpan {
  readonly messageQueue: MessageQueue;
  /** When the first, the last and the last consumed message were stored, in milliseconds since the epoch. */
  readonly minTimeStamp: number;
  readonly maxTimeStamp: number;
  readonly consumeTimeStamp: number;
  /** Age in milliseconds of the first message that is not consumed; 0 when there is none. */
  readonly delayTime: number;
}
