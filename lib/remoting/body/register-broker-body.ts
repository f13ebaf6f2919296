import type { DataVersion } from './data-version.js';

/** A topic as a broker registers it. */
export interface RegisteredTopic {
  readonly topicName: string;
  readonly readQueueNums: number;
  readonly writeQueueNums: number;
  /** Bits of PermName. */
  readonly perm: number;
  readonly topicFilterType: string;
  readonly topicSysFlag: number;
  readonly order: boolean;
}

/** All topics of a broker, and their version (RegisterBrokerBody, TopicConfigSerializeWrapper). */
export interface RegisterBrokerBody {
  readonly dataVersion: DataVersion;
  readonly topicConfigTable: ReadonlyMap<string, RegisteredTopic>;
}
