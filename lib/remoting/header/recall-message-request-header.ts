/** Of RECALL_MESSAGE (RecallMessageRequestHeader). */
export interface RecallMessageRequestHeader {
  readonly producerGroup: string | undefined;
  readonly topic: string;
  /** From the answer to the send. */
  readonly recallHandle: string;
  readonly brokerName: string | undefined;
}
