import type { FastjsonValue } from '../../common/fastjson.js';
import type { DataVersion } from './data-version.js';

/** Most queues of a topic in one broker. */
export const MAX_QUEUES = 65_536;

/** A topic on one broker (TopicConfig). */
export interface TopicConfig {
  readonly topicName: string;
  readonly readQueueNums: number;
  readonly writeQueueNums: number;
  /** Bits of PermName. */
  readonly perm: number;
  readonly topicFilterType: string;
  readonly topicSysFlag: number;
  readonly order: boolean;
  /** `attributes`, and fields that are not known here, as they were stored. */
  readonly others: ReadonlyMap<string, FastjsonValue>;
}

/** All topics of a broker (TopicConfigSerializeWrapper). */
export interface TopicConfigTable {
  readonly topicConfigTable: ReadonlyMap<string, TopicConfig>;
  readonly dataVersion: DataVersion;
}
