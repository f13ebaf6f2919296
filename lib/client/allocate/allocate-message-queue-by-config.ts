import { isRetryTopic } from '../../common/mix-all.js';
import type { MessageQueue } from '../../common/message-queue.js';
import { ConfigurationError } from '../../errors/configuration.error.js';
import { allocateMessageQueueAveragely } from '../../common/allocate/allocate-message-queue-averagely.js';
import type { AllocateMessageQueueStrategy } from '../../common/allocate/allocate-message-queue-strategy.js';

/**
 * The queues that are listed, whoever else has them (AllocateMessageQueueByConfig). Messages that failed are in the group's retry
 * topic, whose queues its members share as with `AVG`: with Java's client they stay there.
 *
 * @param messageQueueList the queues of this member, by their plain topics.
 * @throws ConfigurationError when there is none.
 * @publicApi
 */
export function allocateMessageQueueByConfig(
  messageQueueList: readonly MessageQueue[],
): AllocateMessageQueueStrategy {
  if (messageQueueList.length === 0)
    throw new ConfigurationError('messageQueueList is empty: name the queues');
  return {
    name: 'CONFIG',
    allocate(currentCID, mqAll, cidAll) {
      if (mqAll.some(({ topic }) => isRetryTopic(topic)))
        return allocateMessageQueueAveragely.allocate(currentCID, mqAll, cidAll);
      return mqAll.filter((mq) => messageQueueList.some((listed) => isSame(listed, mq)));
    },
  };
}

function isSame(listed: MessageQueue, { topic, brokerName, queueId }: MessageQueue): boolean {
  const isTopic = topic === listed.topic || topic.endsWith(`%${listed.topic}`);
  return isTopic && brokerName === listed.brokerName && queueId === listed.queueId;
}
