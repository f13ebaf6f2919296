import type { MessageQueue } from '../../common/message-queue.js';
import { isReadable } from '../../common/perm-name.js';
import type { TopicRouteData } from './topic-route-data.js';

/** The readable queues of a topic (MQClientInstance#topicRouteData2TopicSubscribeInfo). */
export function subscribeQueuesOf(topic: string, { queueDatas }: TopicRouteData): MessageQueue[] {
  return queueDatas
    .filter(({ perm }) => isReadable(perm))
    .flatMap(({ brokerName, readQueueNums }) =>
      Array.from({ length: readQueueNums }, (_, queueId) => ({ topic, brokerName, queueId })),
    );
}
