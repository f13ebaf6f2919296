/** Of SEND_MESSAGE and SEND_BATCH_MESSAGE (SendMessageRequestHeader). */
export interface SendMessageRequestHeader {
  readonly producerGroup: string;
  readonly topic: string;
  /** The topic that an auto-created one takes after. */
  readonly defaultTopic: string;
  readonly defaultTopicQueueNums: number;
  /** -1 lets the broker choose. */
  readonly queueId: number;
  readonly sysFlag: number;
  readonly bornTimestamp: number;
  readonly flag: number;
  /** Of the message; of a batch those that all its messages get. */
  readonly properties: ReadonlyMap<string, string>;
  readonly reconsumeTimes: number;
  /** Only of a message that a consumer sends to its retry topic. */
  readonly maxReconsumeTimes?: number;
  readonly brokerName: string;
  /** Whether the message belongs to a unit. */
  readonly unitMode?: boolean;
}
