/** Of PUSH_REPLY_MESSAGE_TO_CLIENT: what a record of the reply would say (ReplyMessageRequestHeader). */
export interface ReplyMessageRequestHeader {
  /** `ip:port` of the replier, and of the broker. */
  readonly bornHost: string;
  readonly storeHost: string;
  readonly storeTimestamp: number;
  readonly producerGroup: string;
  readonly topic: string;
  readonly defaultTopic: string;
  readonly defaultTopicQueueNums: number;
  readonly queueId: number;
  readonly sysFlag: number;
  readonly bornTimestamp: number;
  readonly flag: number;
  readonly properties: ReadonlyMap<string, string>;
  readonly reconsumeTimes: number;
  readonly unitMode?: boolean;
}
