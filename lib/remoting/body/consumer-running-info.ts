import type { MessageQueue } from '../../common/message-queue.js';
import type { SubscriptionData } from './subscription-data.js';

/** What a consumer says of itself (ConsumerRunningInfo). */
export interface ConsumerRunningInfo {
  /** Its configuration and some `PROP_` values. */
  readonly properties: ReadonlyMap<string, string>;
  readonly subscriptionSet: readonly SubscriptionData[];
  readonly mqTable: ReadonlyMap<MessageQueue, ProcessQueueInfo>;
  /** The same of queues from which messages are popped. */
  readonly mqPopTable: ReadonlyMap<MessageQueue, PopProcessQueueInfo>;
  /** By topic. */
  readonly statusTable: ReadonlyMap<string, ConsumeStatus>;
  readonly userConsumerInfo: ReadonlyMap<string, string>;
  /** What its threads do, if that was asked for. */
  readonly jstack?: string;
}

/** The state of one queue; `droped` is Java's spelling. Times are milliseconds since the epoch. */
export interface ProcessQueueInfo {
  readonly commitOffset: number;
  readonly cachedMsgMinOffset: number;
  readonly cachedMsgMaxOffset: number;
  readonly cachedMsgCount: number;
  readonly cachedMsgSizeInMiB: number;
  readonly transactionMsgMinOffset: number;
  readonly transactionMsgMaxOffset: number;
  readonly transactionMsgCount: number;
  readonly locked: boolean;
  readonly tryUnlockTimes: number;
  readonly lastLockTimestamp: number;
  readonly droped: boolean;
  readonly lastPullTimestamp: number;
  readonly lastConsumeTimestamp: number;
}

/** (PopProcessQueueInfo) */
export interface PopProcessQueueInfo {
  readonly waitAckCount: number;
  readonly droped: boolean;
  readonly lastPopTimestamp: number;
}

/** Milliseconds of a pull and of a call of the listener; messages a second; failures of the last hour (ConsumeStatus). */
export interface ConsumeStatus {
  readonly pullRT: number;
  readonly pullTPS: number;
  readonly consumeRT: number;
  readonly consumeOKTPS: number;
  readonly consumeFailedTPS: number;
  readonly consumeFailedMsgs: number;
}
