import { popTopicOf } from '../../common/extra-info.js';
import { MessageConst } from '../../common/message-const.js';
import type { MessageExt } from '../../common/message-ext.js';
import { MQClientError } from '../../errors/mq-client.error.js';
import { RequestCode } from '../../remoting/request-code.js';
import type { ConsumerContext } from './consumer-context.js';
import { extraInfoOf } from './pop-response.js';

/** Milliseconds that a broker has for it (ASYNC_TIMEOUT). */
const TIMEOUT = 3000;

/** Tells brokers what became of popped messages (DefaultMQPushConsumerImpl#ackAsync, #changePopInvisibleTimeAsync). */
export class PopAcknowledger {
  constructor(private readonly context: ConsumerContext) {}

  /** Never rejects: what is not acknowledged comes again, and the log says why. */
  async ack(topic: string, message: MessageExt): Promise<void> {
    try {
      const header = this.header(topic, message);
      const request = { code: RequestCode.ACK_MESSAGE, header, body: undefined };
      await this.context.instance.request(message.brokerName, request, TIMEOUT);
    } catch (error) {
      this.context.logger.warn(
        `Message ${message.msgId} is not acknowledged, it may come again: ${String(error)}`,
      );
    }
  }

  /** The message comes again after so many milliseconds, instead of when its time is over. Never rejects. */
  async changeInvisibleTime(topic: string, message: MessageExt, invisibleTime: number): Promise<void> {
    try {
      const header = { ...this.header(topic, message), invisibleTime };
      const request = { code: RequestCode.CHANGE_MESSAGE_INVISIBLETIME, header, body: undefined };
      await this.context.instance.request(message.brokerName, request, TIMEOUT);
    } catch (error) {
      this.context.logger.warn(
        `Message ${message.msgId} comes again when its time is over, and not in ${invisibleTime} ms: ${String(error)}`,
      );
    }
  }

  /** `topic` is the one that was popped from; the message itself may stand in the retry topic of the group. */
  private header(topic: string, message: MessageExt) {
    const { consumerGroup } = this.context.config;
    const place = extraInfoOf(message);
    if (place === undefined) throw new MQClientError('its POP_CK was changed');
    const { retry, queueId, msgQueueOffset: offset } = place;
    const extraInfo = message.getProperty(MessageConst.POP_CK)!;
    return { consumerGroup, topic: popTopicOf(retry, topic, consumerGroup), queueId, offset, extraInfo };
  }
}
