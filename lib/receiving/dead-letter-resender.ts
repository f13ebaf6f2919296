import {
  selectMessageQueueByHash,
  type DefaultMQProducer,
  type MQClientInstance,
  type SendResult,
} from '../client/index.js';
import {
  DEAD_LETTER_ATTEMPTS,
  DEAD_LETTER_REASON,
  MessageConst,
  RESERVED_PROPERTIES,
} from '../common/message-const.js';
import type { MessageExt } from '../common/message-ext.js';
import { Message } from '../common/message.js';
import { normalTopicOf, retryTopicOf } from '../common/mix-all.js';
import { MQClientError } from '../errors/index.js';

/** Of the system's properties those that belong to the message and not to a delivery of it. */
const KEPT: ReadonlySet<string> = new Set([
  MessageConst.KEYS,
  MessageConst.TAGS,
  MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX,
  MessageConst.CORRELATION_ID,
  MessageConst.MESSAGE_REPLY_TO_CLIENT,
  MessageConst.MESSAGE_TTL,
  MessageConst.MESSAGE_TYPE,
]);
/** Of this package. */
const OF_DEATH: ReadonlySet<string> = new Set([DEAD_LETTER_REASON, DEAD_LETTER_ATTEMPTS]);

export type MessageSender = Pick<DefaultMQProducer, 'send'>;

/** Sends dead messages again, as they were when they were sent first. */
export class DeadLetterResender {
  constructor(
    private readonly instance: MQClientInstance,
    private readonly sender: MessageSender,
  ) {}

  /** @throws MQClientError when it is no dead message of a group. */
  async resend(dead: MessageExt, group: string, isForGroup: boolean): Promise<SendResult> {
    const origin = dead.getProperty(MessageConst.RETRY_TOPIC);
    if (origin === undefined)
      throw new MQClientError(
        `Message ${dead.msgId} of topic ${dead.topic} does not say of which topic it was (RETRY_TOPIC): send it yourself`,
      );
    // Of a message that the group has pulled from where its popped retries wait.
    const sentTo = normalTopicOf(origin, this.instance.withNamespace(group)) ?? origin;
    const topic = isForGroup ? retryTopicOf(group) : this.instance.withoutNamespace(sentTo);
    const message = copyOf(dead, topic);
    // Of a message that was dead before, and goes back to that dead-letter queue.
    const before = dead.getProperty(MessageConst.DLQ_ORIGIN_TOPIC);
    const retryTopic = isForGroup ? origin : before;
    if (retryTopic !== undefined) message.putProperty(MessageConst.RETRY_TOPIC, retryTopic);
    const key = message.getProperty(MessageConst.SHARDING_KEY);
    const inOrder = key !== undefined && !isForGroup;
    return this.sender.send(message, inOrder ? { selector: selectMessageQueueByHash, arg: key } : {});
  }
}

function copyOf(dead: MessageExt, topic: string): Message {
  const message = new Message(topic, dead.body);
  message.flag = dead.flag;
  for (const [name, value] of dead.properties) {
    const isDropped = (RESERVED_PROPERTIES.has(name) && !KEPT.has(name)) || OF_DEATH.has(name);
    if (!isDropped) message.putProperty(name, value);
  }
  return message;
}
