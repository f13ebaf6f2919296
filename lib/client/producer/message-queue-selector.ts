import { javaHashCode } from '../../common/java-hash.js';
import type { Message } from '../../common/message.js';
import type { MessageQueue } from '../../common/message-queue.js';
import { MQClientError } from '../../errors/mq-client.error.js';

/** Chooses the queue of a message (MessageQueueSelector). */
export type MessageQueueSelector<T = string> = (
  queues: readonly MessageQueue[],
  message: Message,
  arg: T,
) => MessageQueue;

/**
 * The queue of a key: the one that a Java producer chooses for it too (SelectMessageQueueByHash).
 *
 * @throws MQClientError when the key is no text: all such keys would have one hash.
 */
export const selectMessageQueueByHash: MessageQueueSelector = (queues, _message, key) => {
  if (typeof key !== 'string') throw new MQClientError(`The hashKey is a ${typeof key}; a text is needed`);
  return queues[Math.abs(javaHashCode(key) % queues.length)]!;
};

/**
 * Asks a selector (DefaultMQProducerImpl#sendSelectImpl).
 *
 * @throws MQClientError when it fails, or returns no queue.
 */
export function chooseQueue(
  selector: MessageQueueSelector,
  queues: readonly MessageQueue[],
  message: Message,
  arg: string,
): MessageQueue {
  const { topic } = message;
  let queue: Partial<MessageQueue> | undefined;
  try {
    queue = selector(queues, message, arg);
  } catch (cause) {
    const text = `select message queue threw exception. ${cause instanceof Error ? cause.message : String(cause)}`;
    throw new MQClientError(text, { cause, topic });
  }
  if (typeof queue?.brokerName === 'string' && Number.isSafeInteger(queue.queueId))
    return queue as MessageQueue;
  const text = `select message queue return null. A selector has to return one of the ${queues.length} queues of topic ${topic}`;
  throw new MQClientError(text, { topic });
}
