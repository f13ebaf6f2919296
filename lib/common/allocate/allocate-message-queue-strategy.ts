import type { MessageQueue } from '../message-queue.js';

/**
 * Divides the queues of a topic among the members of a group. All members see the same sorted lists and must come
 * to the same result (AllocateMessageQueueStrategy).
 *
 * @publicApi
 */
export interface AllocateMessageQueueStrategy {
  readonly name: string;
  /** The share of `currentCID`, the client id of this member, which is one of `cidAll`. */
  allocate(currentCID: string, mqAll: readonly MessageQueue[], cidAll: readonly string[]): MessageQueue[];
}
