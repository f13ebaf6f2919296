import { javaHashCode } from '../../common/java-hash.js';
import type { Message } from '../../common/message.js';
import type { MessageQueue } from '../../common/message-queue.js';

/** Chooses the queue of a message (MessageQueueSelector). */
export type MessageQueueSelector<T = string> = (
  queues: readonly MessageQueue[],
  message: Message,
  arg: T,
) => MessageQueue;

/** The queue of a key: the one that a Java producer chooses for it too (SelectMessageQueueByHash). */
export const selectMessageQueueByHash: MessageQueueSelector = (queues, _message, key) => {
  return queues[Math.abs(javaHashCode(key) % queues.length)]!;
};
