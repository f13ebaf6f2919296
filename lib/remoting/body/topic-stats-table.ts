import type { MessageQueue } from '../../common/message-queue.js';

/** What the queues of a topic hold (TopicStatsTable). */
export interface TopicStatsTable {
  readonly offsetTable: ReadonlyMap<MessageQueue, TopicOffset>;
  /** Messages stored a second, in the last minute. */
  readonly topicPutTps: number;
}

export interface TopicOffset {
  readonly minOffset: number;
  readonly maxOffset: number;
  /** Milliseconds since the epoch; 0 for a queue without messages. */
  readonly lastUpdateTimestamp: number;
}
