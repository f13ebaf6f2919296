import type { FastjsonObject, FastjsonValue } from '../../common/fastjson.js';
import type { DataVersion } from './data-version.js';

/** What a consumer group may do on one broker (SubscriptionGroupConfig). */
export interface SubscriptionGroupConfig {
  readonly groupName: string;
  readonly consumeEnable: boolean;
  readonly consumeBroadcastEnable: boolean;
  readonly retryQueueNums: number;
  readonly retryMaxTimes: number;
  readonly notifyConsumerIdsChangedEnable: boolean;
  /** Fields that this package does not use, as they were stored. */
  readonly others: ReadonlyMap<string, FastjsonValue>;
}

/** All groups of a broker (SubscriptionGroupWrapper). */
export interface SubscriptionGroupTable {
  readonly subscriptionGroupTable: ReadonlyMap<string, SubscriptionGroupConfig>;
  /** Group to topic to bits; bit 2 forbids reading. */
  readonly forbiddenTable: FastjsonObject;
  readonly dataVersion: DataVersion;
}
