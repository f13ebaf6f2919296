import type { DefaultMQProducer } from '../../lib/client/index.js';
import type { Message } from '../../lib/common/message.js';

/** Sends messages one by one, some at a time: their queues lie side by side in the log then, as they mostly do. */
export async function sendSingly(
  producer: DefaultMQProducer,
  count: number,
  newMessage: () => Message,
  inFlight = 64,
): Promise<void> {
  let begun = 0;
  const send = async (): Promise<void> => {
    while (begun++ < count) await producer.send(newMessage());
  };
  await Promise.all(Array.from({ length: inFlight }, send));
}
