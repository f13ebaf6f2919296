/** Of UPDATE_AND_CREATE_TOPIC (CreateTopicRequestHeader). */
export interface CreateTopicRequestHeader {
  readonly topic: string;
  readonly defaultTopic: string;
  readonly readQueueNums: number;
  readonly writeQueueNums: number;
  /** Bits of PermName. */
  readonly perm: number;
  readonly topicFilterType: string;
  readonly topicSysFlag: number;
  readonly order: boolean;
  /** `+key=value` and `-key`, with commas between. */
  readonly attributes?: string;
}
