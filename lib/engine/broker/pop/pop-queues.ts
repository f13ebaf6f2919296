import { popRetryTopicV1Of } from '../../../common/mix-all.js';
import type { BrokerController } from '../broker-controller.js';

export interface PopQueue {
  readonly topic: string;
  readonly queueId: number;
}

interface QueueOfGroup extends PopQueue {
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
  const random = Math.floor(broker.random() * 100);
  const normal = queueId < 0 ? queuesOf(broker, topic, random) : [{ topic, queueId }];
  if (order) return normal;
  const retries = queuesOf(broker, popRetryTopicV1Of(topic, consumerGroup), random);
  const isRetryFirst = random < broker.config.popFromRetryProbability;
  return isRetryFirst ? [...retries, ...normal] : [...normal, ...retries];
}

function queuesOf({ topics }: BrokerController, topic: string, first: number): PopQueue[] {
  const count = topics.selectTopicConfig(topic)?.readQueueNums ?? 0;
  return Array.from({ length: count }, (_, i) => ({ topic, queueId: (first + i) % count }));
}
