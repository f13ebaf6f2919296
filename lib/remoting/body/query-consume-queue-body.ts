import type { SubscriptionData } from './subscription-data.js';

/** A piece of a ConsumeQueue (QueryConsumeQueueResponseBody). */
export interface QueryConsumeQueueBody {
  /** Of the group that was named, if it is online. */
  readonly subscriptionData?: SubscriptionData;
  readonly filterData?: string;
  readonly queueData: readonly ConsumeQueueData[];
  readonly maxQueueIndex: number;
  readonly minQueueIndex: number;
}

/** (ConsumeQueueData) */
export interface ConsumeQueueData {
  readonly physicOffset: number;
  readonly physicSize: number;
  readonly tagsCode: number;
  /** Whether the subscription lets the message through. */
  readonly eval: boolean;
  readonly msg?: string;
}
