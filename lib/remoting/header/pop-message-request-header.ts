/** At the first message, or behind the last (ConsumeInitMode). */
export const ConsumeInitMode = { MIN: 0, MAX: 1 } as const;

/** Takes messages of a queue for a while (PopMessageRequestHeader). */
export interface PopMessageRequestHeader {
  readonly consumerGroup: string;
  readonly topic: string;
  /** -1: any queue of the broker. */
  readonly queueId: number;
  readonly maxMsgNums: number;
  /** How long nobody else gets the messages, in ms. */
  readonly invisibleTime: number;
  /** How long the broker may wait for messages, in ms. */
  readonly pollTime: number;
  /** When the client asked, in ms since 1970: what is late already is not waited for. */
  readonly bornTime: number;
  /** Where a group without offset begins, a {@link ConsumeInitMode}. */
  readonly initMode: number;
  readonly expType?: string;
  readonly exp?: string;
  /** Messages of a queue one portion after the other. */
  readonly order: boolean;
  /** The same in a repeated request of an ordered consumer, which then gets the same messages. */
  readonly attemptId?: string;
}

/** `startOffsetInfo`, `msgOffsetInfo` and `orderCountInfo` are read by `parsePopInfo`. */
export interface PopMessageResponseHeader {
  readonly popTime: number;
  readonly invisibleTime: number;
  readonly reviveQid: number;
  /** Messages that are left in the queues. */
  readonly restNum: number;
  readonly startOffsetInfo?: string;
  readonly msgOffsetInfo?: string;
  readonly orderCountInfo?: string;
}

/** Says that a message is consumed (AckMessageRequestHeader). */
export interface AckMessageRequestHeader {
  readonly consumerGroup: string;
  readonly topic: string;
  readonly queueId: number;
  /** The message's POP_CK, see `ExtraInfo`. */
  readonly extraInfo: string;
  /** Of the message in its queue. */
  readonly offset: number;
}

/** Asks for another time until a message is delivered again (ChangeInvisibleTimeRequestHeader). */
export interface ChangeInvisibleTimeRequestHeader extends AckMessageRequestHeader {
  /** From now on, in ms. */
  readonly invisibleTime: number;
}

/** What takes the place of these values in the message's POP_CK. */
export interface ChangeInvisibleTimeResponseHeader {
  readonly popTime: number;
  readonly invisibleTime: number;
  readonly reviveQid: number;
}

/** Waits until there is something to pop (NotificationRequestHeader). */
export interface NotificationRequestHeader {
  readonly consumerGroup: string;
  readonly topic: string;
  readonly queueId: number;
  readonly pollTime: number;
  readonly bornTime: number;
  readonly order: boolean;
  readonly attemptId?: string;
}

export interface NotificationResponseHeader {
  readonly hasMsg: boolean;
  /** Too many wait already, so that nothing was waited for. */
  readonly pollingFull: boolean;
}

/** Asks how many requests wait (PollingInfoRequestHeader). */
export interface PollingInfoRequestHeader {
  readonly consumerGroup: string;
  readonly topic: string;
  readonly queueId: number;
}

/** Looks at messages without taking them (PeekMessageRequestHeader). */
export interface PeekMessageRequestHeader extends PollingInfoRequestHeader {
  readonly maxMsgNums: number;
}
