import type { ConsumeFromWhere, ConsumeType, MessageModel } from './heartbeat-data.js';
import type { SubscriptionData } from './subscription-data.js';

/** A client and its connection (Connection). */
export interface Connection {
  readonly clientId: string;
  /** `host:port`. */
  readonly clientAddr: string;
  readonly language: string;
  /** Ordinal of its release (MQVersion). */
  readonly version: number;
}

/** The live members of a consumer group (ConsumerConnection). */
export interface ConsumerConnection {
  readonly connectionSet: readonly Connection[];
  readonly subscriptionTable: ReadonlyMap<string, SubscriptionData>;
  readonly consumeType: ConsumeType;
  readonly messageModel: MessageModel;
  readonly consumeFromWhere: ConsumeFromWhere;
}

/** The live members of a producer group (ProducerConnection). */
export interface ProducerConnection {
  readonly connectionSet: readonly Connection[];
}

/** (ProducerInfo) */
export interface ProducerInfo {
  readonly clientId: string;
  readonly remoteIP: string;
  readonly language: string;
  readonly version: number;
  /** Milliseconds since the epoch. */
  readonly lastUpdateTimestamp: number;
}
