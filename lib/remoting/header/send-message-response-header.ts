/** Of a send that was stored (SendMessageResponseHeader). */
export interface SendMessageResponseHeader {
  /** Offset message id; of a batch all of them, with commas between. */
  readonly msgId: string;
  readonly queueId: number;
  /** Of a batch that of its first message. */
  readonly queueOffset: number;
  /** The unique id of the message. */
  readonly transactionId: string | undefined;
  /** Name of the region of the broker (`MSG_REGION`). */
  readonly regionId: string;
  readonly traceOn: boolean;
  /** With it a timed message can be recalled before it is due. */
  readonly recallHandle?: string | undefined;
}
