import { RESERVED_PROPERTIES } from '../common/message-const.js';
import { MessageExt } from '../common/message-ext.js';
import type { Message } from '../common/message.js';
import { GenericMessage } from './message-builder.js';
import type { PayloadConverter } from './payload-converter.js';
import { RocketMQHeaders } from './rocketmq-headers.js';

/** A message as transaction listeners get it (RocketMQUtil#convertToSpringMessage). */
export async function toTransactionMessage(
  message: Message,
  transactionId: string | undefined,
  payloads: PayloadConverter,
): Promise<GenericMessage> {
  const headers = new Map<string, unknown>();
  const set = (name: string, value: unknown) => {
    if (value !== undefined) headers.set(RocketMQHeaders.PREFIX + name, value);
  };
  set(RocketMQHeaders.TOPIC, message.topic);
  set(RocketMQHeaders.TAGS, message.tags);
  set(RocketMQHeaders.KEYS, message.keys);
  set(RocketMQHeaders.FLAG, message.flag);
  set(RocketMQHeaders.TRANSACTION_ID, transactionId);
  if (message instanceof MessageExt) {
    set(RocketMQHeaders.MESSAGE_ID, message.msgId);
    set(RocketMQHeaders.BORN_TIMESTAMP, message.bornTimestamp);
    set(RocketMQHeaders.BORN_HOST, message.bornHost);
    set(RocketMQHeaders.QUEUE_ID, message.queueId);
    set(RocketMQHeaders.SYS_FLAG, message.sysFlag);
  }
  for (const [name, value] of message.properties) {
    if (!RESERVED_PROPERTIES.has(withoutPrefix(name)) && !headers.has(name)) headers.set(name, value);
  }
  return new GenericMessage(await payloads.fromBody(message, undefined), headers);
}

/** What a sender says under the names of RocketMQ is not what RocketMQ says. */
function withoutPrefix(name: string): string {
  return name.startsWith(RocketMQHeaders.PREFIX) ? name.slice(RocketMQHeaders.PREFIX.length) : name;
}
