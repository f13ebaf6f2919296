/** Of GET_CONSUMER_RUNNING_INFO (GetConsumerRunningInfoRequestHeader). */
export interface GetConsumerRunningInfoRequestHeader {
  readonly consumerGroup: string;
  readonly clientId: string;
  readonly jstackEnable: boolean;
}

/** Of CONSUME_MESSAGE_DIRECTLY (ConsumeMessageDirectlyResultRequestHeader). */
export interface ConsumeMessageDirectlyRequestHeader {
  readonly consumerGroup: string;
  readonly clientId?: string;
  /** Offset message id. */
  readonly msgId?: string;
  readonly brokerName?: string;
  readonly topic?: string;
  readonly topicSysFlag?: number;
  readonly groupSysFlag?: number;
}
