import type { AllocateMessageQueueStrategy } from '../../../common/allocate/allocate-message-queue-strategy.js';
import { messageQueueKey, type MessageQueue } from '../../../common/message-queue.js';

/** Stands for all queues of a broker. */
const ANY_QUEUE = -1;

/**
 * The queues from which a member of a group pops (QueryAssignmentProcessor#allocate4Pop): by default all members from all
 * queues; with `popShareQueueNum` those that the member and so many behind it would have when they pulled.
 */
export function allocateForPop(
  strategy: AllocateMessageQueueStrategy,
  clientId: string,
  mqAll: readonly MessageQueue[],
  cidAll: readonly string[],
  popShareQueueNum: number,
): MessageQueue[] {
  if (popShareQueueNum <= 0 || popShareQueueNum >= cidAll.length - 1) {
    return distinct(mqAll.map((mq) => ({ ...mq, queueId: ANY_QUEUE })));
  }
  const index = cidAll.indexOf(clientId);
  if (index < 0) return [];
  // More members than queues: each has one.
  if (cidAll.length > mqAll.length) return [mqAll[index % mqAll.length]!];
  const sharing = Array.from(
    { length: popShareQueueNum + 1 },
    (_, i) => cidAll[(index + i) % cidAll.length]!,
  );
  return distinct(sharing.flatMap((cid) => strategy.allocate(cid, mqAll, cidAll)));
}

function distinct(queues: readonly MessageQueue[]): MessageQueue[] {
  return [...new Map(queues.map((queue) => [messageQueueKey(queue), queue])).values()];
}
