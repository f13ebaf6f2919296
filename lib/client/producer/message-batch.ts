import { isRetryTopic } from '../../common/mix-all.js';
import type { Message } from '../../common/message.js';
import { MQClientError } from '../../errors/mq-client.error.js';
import { illegalMessage } from '../validators.js';

/** @throws MQClientError when the messages cannot be one batch (MessageBatch#generateFromList). */
export function checkBatch(messages: readonly Message[], maxMessageSize: number): void {
  if (messages.length === 0) throw new MQClientError('`messages` can not be empty');
  const [first] = messages;
  for (const message of messages) {
    if (message.topic !== first!.topic)
      throw new MQClientError('The topic of the messages in one batch should be the same');
    if (message.delayTimeLevel > 0) throw new MQClientError('TimeDelayLevel is not supported for batching');
    if (message.isTimed) throw new MQClientError('A time of delivery is not supported for batching');
    if (message.waitStoreMsgOK !== first!.waitStoreMsgOK) {
      throw new MQClientError('The waitStoreMsgOK of the messages in one batch should the same');
    }
  }
  if (isRetryTopic(first!.topic)) throw new MQClientError('Retry Group is not supported for batching');
  const size = messages.reduce((sum, { body }) => sum + body.length, 0);
  if (size > maxMessageSize) {
    throw illegalMessage(`the batch has ${size} bytes, over max value, MAX: ${maxMessageSize}`);
  }
}
