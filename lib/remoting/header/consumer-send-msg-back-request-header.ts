/** Of CONSUMER_SEND_MSG_BACK (ConsumerSendMsgBackRequestHeader). */
export interface ConsumerSendMsgBackRequestHeader {
  /** Commit-log offset of the message. */
  readonly offset: number;
  readonly group: string;
  /** 0: three more than the attempts so far; negative: to the dead-letter queue. */
  readonly delayLevel: number;
  readonly originMsgId: string;
  readonly originTopic: string;
  /** Where it is absent, what the broker knows of the group counts. */
  readonly maxReconsumeTimes?: number;
}
