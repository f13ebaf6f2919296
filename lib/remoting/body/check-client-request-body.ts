import type { SubscriptionData } from './subscription-data.js';

/** Of CHECK_CLIENT_CONFIG (CheckClientRequestBody). */
export interface CheckClientRequestBody {
  readonly clientId: string;
  readonly group: string;
  readonly subscriptionData: SubscriptionData;
}

/** Of QUERY_SUBSCRIPTION_BY_CONSUMER (QuerySubscriptionResponseBody). */
export interface QuerySubscriptionBody {
  readonly group: string;
  readonly topic: string;
  /** Absent when the group is not online, or has not this topic. */
  readonly subscriptionData?: SubscriptionData;
}
