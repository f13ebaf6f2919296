/** Acknowledges messages of one check point (BatchAck). */
export interface BatchAck {
  readonly consumerGroup: string;
  readonly topic: string;
  /** As in `ExtraInfo`. */
  readonly retry: string;
  readonly startOffset: number;
  readonly queueId: number;
  readonly reviveQueueId: number;
  readonly popTime: number;
  readonly invisibleTime: number;
  /** Bit n, counted from the lowest bit of the first byte, stands for the offset `startOffset + n`. */
  readonly bitSet: Buffer;
}

export interface BatchAckMessageRequestBody {
  readonly brokerName: string;
  readonly acks: readonly BatchAck[];
}
