/** Of QUERY_CONSUME_QUEUE (QueryConsumeQueueRequestHeader). */
export interface QueryConsumeQueueRequestHeader {
  readonly topic: string;
  readonly queueId: number;
  /** The first queue offset. */
  readonly index: number;
  readonly count: number;
  /** The group by whose subscription the messages are judged. */
  readonly consumerGroup?: string;
}
