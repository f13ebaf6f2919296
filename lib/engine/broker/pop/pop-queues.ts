import { popRetryTopicV1Of } from '../../../common/mix-all.js';
import type { BrokerController } from '../broker-controller.js';

export interface PopQueue {
  readonly topic: string;
  readonly queueId: number;
}

export interface QueueOfGroup extends PopQueue {
  readonly consumerGroup: string;
}

/**
 * Where a request for messages looks, beginning with any queue (PopMessageProcessor#processRequest): with the retries first in
 * some of the requests, and last in the others. Who pops in order gets no retries.
 */
export function popQueues(
  broker: BrokerController,
  { topic, consumerGroup, queueId }: QueueOfGroup,
  order: boolean,
): PopQueue[] {
  const normal = queueId < 0 ? queuesOf(broker, topic) : [{ topic, queueId }];
  if (order) return normal;
  const retries = queuesOf(broker, popRetryTopicV1Of(topic, consumerGroup));
  const isRetryFirst = broker.random() * 100 < broker.config.popFromRetryProbability;
  return isRetryFirst ? [...retries, ...normal] : [...normal, ...retries];
}

function queuesOf({ topics, random }: BrokerController, topic: string): PopQueue[] {
  const count = topics.selectTopicConfig(topic)?.readQueueNums ?? 0;
  const first = Math.floor(random() * count);
  return Array.from({ length: count }, (_, i) => ({ topic, queueId: (first + i) % count }));
}
