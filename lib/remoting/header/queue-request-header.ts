/** Of the requests about one queue: GET_MAX_OFFSET, GET_MIN_OFFSET, GET_EARLIEST_MSG_STORETIME. */
export interface QueueRequestHeader {
  readonly topic: string;
  readonly queueId: number;
}

/** Of SEARCH_OFFSET_BY_TIMESTAMP (SearchOffsetRequestHeader). */
export interface SearchOffsetRequestHeader extends QueueRequestHeader {
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly boundaryType: 'lower' | 'upper';
}

/** Of QUERY_CONSUMER_OFFSET (QueryConsumerOffsetRequestHeader). */
export interface QueryConsumerOffsetRequestHeader extends QueueRequestHeader {
  readonly consumerGroup: string;
}

/** Of UPDATE_CONSUMER_OFFSET (UpdateConsumerOffsetRequestHeader). */
export interface UpdateConsumerOffsetRequestHeader extends QueueRequestHeader {
  readonly consumerGroup: string;
  readonly commitOffset: number;
}

export interface OffsetResponseHeader {
  readonly offset: number;
}

export interface TimestampResponseHeader {
  /** Milliseconds since the epoch; -1 when there is no message. */
  readonly timestamp: number;
}
