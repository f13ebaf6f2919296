/** How a transaction ended (MessageSysFlag): 8 commit, 12 rollback, 0 unknown. */
export interface EndTransactionRequestHeader {
  /** Of the message; in answers to a check what the check said. */
  readonly topic?: string;
  readonly producerGroup: string;
  /** Position of the half message in the half topic. */
  readonly tranStateTableOffset: number;
  /** Position of the half message in the commit log. */
  readonly commitLogOffset: number;
  readonly commitOrRollback: number;
  readonly fromTransactionCheck: boolean;
  /** Unique id of the message. */
  readonly msgId: string;
  readonly transactionId?: string;
  readonly brokerName?: string;
}

/** Asks a producer how a transaction ended; the body is the message (CheckTransactionStateRequestHeader). */
export interface CheckTransactionStateRequestHeader {
  readonly topic?: string;
  readonly tranStateTableOffset: number;
  readonly commitLogOffset: number;
  readonly msgId?: string;
  readonly transactionId?: string;
  readonly offsetMsgId?: string;
  /** Brokers before version 5 do not say it. */
  readonly brokerName?: string;
}
