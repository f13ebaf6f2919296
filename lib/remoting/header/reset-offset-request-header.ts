/** Of INVOKE_BROKER_TO_RESET_OFFSET and RESET_CONSUMER_CLIENT_OFFSET (ResetOffsetRequestHeader). */
export interface ResetOffsetRequestHeader {
  readonly topic: string;
  readonly group: string;
  /** Milliseconds since the epoch; -1: behind the newest message. */
  readonly timestamp: number;
  /** Whether an offset may grow, too. */
  readonly isForce: boolean;
  /** -1: all queues. */
  readonly queueId: number;
  /** -1: by timestamp. */
  readonly offset: number;
}
