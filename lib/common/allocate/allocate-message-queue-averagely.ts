import type { AllocateMessageQueueStrategy } from './allocate-message-queue-strategy.js';

/** A run of neighbouring queues for each member; the first ones get one more (AllocateMessageQueueAveragely). */
export const allocateMessageQueueAveragely: AllocateMessageQueueStrategy = {
  name: 'AVG',
  allocate(currentCID, mqAll, cidAll) {
    const index = cidAll.indexOf(currentCID);
    if (index < 0) return [];
    const share = Math.floor(mqAll.length / cidAll.length);
    const rest = mqAll.length % cidAll.length;
    const start = index * share + Math.min(index, rest);
    return mqAll.slice(start, start + share + (index < rest ? 1 : 0));
  },
};
