/** Of PULL_MESSAGE (PullMessageRequestHeader). */
export interface PullMessageRequestHeader {
  readonly consumerGroup: string;
  readonly topic: string;
  readonly queueId: number;
  readonly queueOffset: number;
  readonly maxMsgNums: number;
  /** Bits of PullSysFlag. */
  readonly sysFlag: number;
  readonly commitOffset: number;
  readonly suspendTimeoutMillis: number;
  /** The expression, when the sysFlag says that it is here. */
  readonly subscription?: string;
  readonly subVersion: number;
  readonly expressionType: string;
}
