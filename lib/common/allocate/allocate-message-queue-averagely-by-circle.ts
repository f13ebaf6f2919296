import type { AllocateMessageQueueStrategy } from './allocate-message-queue-strategy.js';

/** The queues in turn, as cards are dealt (AllocateMessageQueueAveragelyByCircle). */
export const allocateMessageQueueAveragelyByCircle: AllocateMessageQueueStrategy = {
  name: 'AVG_BY_CIRCLE',
  allocate(currentCID, mqAll, cidAll) {
    const index = cidAll.indexOf(currentCID);
    return index < 0 ? [] : mqAll.filter((_, i) => i % cidAll.length === index);
  },
};
