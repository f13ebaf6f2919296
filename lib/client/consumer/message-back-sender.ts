import { DEAD_LETTER_LEVEL } from '../../common/delay-level.js';
import { DEAD_LETTER_REASON, MessageConst, TIMER_PROPERTIES } from '../../common/message-const.js';
import type { MessageExt } from '../../common/message-ext.js';
import { MessageSysFlag } from '../../common/message-sys-flag.js';
import { retryTopicOf } from '../../common/mix-all.js';
import { TopicNames } from '../../common/topic-validator.js';
import { MQBrokerError } from '../../errors/mq-broker.error.js';
import { RequestCode } from '../../remoting/request-code.js';
import { ResponseCode } from '../../remoting/response-code.js';
import type { MQClientInstance } from '../mq-client-instance.js';
import { SEND_STATUS } from '../producer/send-task.js';
import { attemptsOf, earlierAttempts, hasSecondLife } from './second-life.js';

/** Milliseconds that a broker has to take a message back. */
const SEND_BACK_TIMEOUT = 5000;
/** Delay level of the first retry, for messages that the client sends to the retry topic itself. */
const FIRST_RETRY_LEVEL = 3;
const DEFAULT_TOPIC_QUEUE_NUMS = 4;
const MAX_INT = 0x7fffffff;
/** Characters of a reason that a dead message keeps. */
const MAX_REASON_LENGTH = 1024;

/**
 * Bits of the sysFlag that a copy keeps. The others tell of the stored record: Apache's broker takes a bit of its hosts as given, and
 * writes a record that nobody can read when the hosts of the copy are of the other kind.
 */
const BODY_FLAGS = MessageSysFlag.COMPRESSED | MessageSysFlag.COMPRESSION_TYPE_MASK;

/** Gives messages that could not be handled back to their broker (DefaultMQPushConsumerImpl#sendMessageBack). */
export class MessageBackSender {
  constructor(
    private readonly instance: MQClientInstance,
    private readonly group: string,
    private readonly maxReconsumeTimes: number,
  ) {}

  /** Sends back; if the broker cannot do it, sends a copy to the retry topic. Rejects when neither works. */
  async sendBack(message: MessageExt, delayLevel: number): Promise<void> {
    if (!hasSecondLife(message)) return this.sendToBroker(message, delayLevel);
    if (delayLevel === DEAD_LETTER_LEVEL) return this.sendDead(message);
    try {
      await this.sendCopy(message, (brokerName) => this.retryRequest(message, brokerName, delayLevel));
    } catch (error) {
      if (!(error instanceof MQBrokerError) || error.responseCode !== ResponseCode.MESSAGE_ILLEGAL)
        throw error;
      // Its properties have no room for those of a retry.
      await this.sendToBroker(message, DEAD_LETTER_LEVEL);
    }
  }

  private async sendToBroker(message: MessageExt, delayLevel: number): Promise<void> {
    const header = {
      offset: message.commitLogOffset,
      group: this.group,
      delayLevel,
      originMsgId: message.msgId,
      originTopic: this.instance.withNamespace(message.topic),
      maxReconsumeTimes: this.maxReconsumeTimes,
    };
    const request = { code: RequestCode.CONSUMER_SEND_MSG_BACK, header, body: undefined };
    try {
      await this.instance.request(message.brokerName, request, SEND_BACK_TIMEOUT);
    } catch {
      await this.sendToRetryTopic(message);
    }
  }

  /**
   * Sends a copy to the retry topic; the broker makes it dead when it was tried too often, or in order. Its own broker is
   * asked first, then every other one.
   */
  async sendToRetryTopic(message: MessageExt): Promise<void> {
    await this.sendCopy(message, (brokerName) => this.retryRequest(message, brokerName));
  }

  /**
   * Makes a message dead with the reason in it, which no broker notes by itself: as a retry for which no attempt is left. If that
   * does not work, as its properties may have no room for that, it is sent back, without the reason.
   */
  async sendDead(message: MessageExt, reason?: string): Promise<void> {
    try {
      await this.sendCopy(message, (brokerName) => this.deadRequest(message, brokerName, reason));
    } catch {
      await this.sendToBroker(message, DEAD_LETTER_LEVEL);
    }
  }

  private async sendCopy(
    message: MessageExt,
    requestFor: (brokerName: string) => ReturnType<MessageBackSender['retryRequest']>,
  ): Promise<void> {
    const others = this.instance.brokerNames().filter((brokerName) => brokerName !== message.brokerName);
    let firstError: unknown;
    for (const brokerName of [message.brokerName, ...others]) {
      try {
        await this.instance.request(brokerName, requestFor(brokerName), SEND_BACK_TIMEOUT);
        return;
      } catch (error) {
        // Stored, if not yet as safely as the broker is told to.
        if (error instanceof MQBrokerError && SEND_STATUS.has(error.responseCode!)) return;
        firstError ??= error;
      }
    }
    throw firstError;
  }

  private retryRequest(message: MessageExt, brokerName: string, delayLevel = 0) {
    const reconsumeTimes = message.reconsumeTimes + 1;
    const header = {
      producerGroup: this.group,
      topic: retryTopicOf(this.group),
      defaultTopic: TopicNames.AUTO_CREATE_TOPIC_KEY,
      defaultTopicQueueNums: DEFAULT_TOPIC_QUEUE_NUMS,
      queueId: -1,
      sysFlag: message.sysFlag & BODY_FLAGS,
      bornTimestamp: this.instance.clock.now(),
      flag: message.flag,
      properties: this.retryProperties(message, reconsumeTimes, delayLevel),
      reconsumeTimes,
      maxReconsumeTimes: Math.min(this.maxReconsumeTimes + earlierAttempts(message), MAX_INT),
      brokerName,
      unitMode: this.instance.config.unitMode,
    };
    return { code: RequestCode.SEND_MESSAGE, header, body: message.storedBody };
  }

  private deadRequest(message: MessageExt, brokerName: string, reason?: string) {
    const request = this.retryRequest(message, brokerName);
    const { properties } = request.header;
    for (const name of TIMING_PROPERTIES) properties.delete(name);
    if (reason === undefined) properties.delete(DEAD_LETTER_REASON);
    else properties.set(DEAD_LETTER_REASON, propertyText(reason));
    return { ...request, header: { ...request.header, maxReconsumeTimes: 0 } };
  }

  private retryProperties(
    message: MessageExt,
    reconsumeTimes: number,
    delayLevel: number,
  ): Map<string, string> {
    const properties = new Map(message.properties);
    for (const name of CONSUMER_PROPERTIES) properties.delete(name);
    properties.set(MessageConst.RETRY_TOPIC, this.instance.withNamespace(message.topic));
    if (!properties.has(MessageConst.ORIGIN_MESSAGE_ID))
      properties.set(MessageConst.ORIGIN_MESSAGE_ID, message.msgId);
    properties.set(MessageConst.RECONSUME_TIME, String(reconsumeTimes));
    properties.set(MessageConst.MAX_RECONSUME_TIMES, String(this.maxReconsumeTimes));
    const level = delayLevel > 0 ? delayLevel : FIRST_RETRY_LEVEL + attemptsOf(message);
    return properties.set(MessageConst.DELAY_TIME_LEVEL, String(level));
  }
}

/** Properties that would delay a dead message. */
const TIMING_PROPERTIES = [MessageConst.DELAY_TIME_LEVEL, ...TIMER_PROPERTIES];

/** Properties are separated by the first two characters of Unicode, and are 32 KiB long at most. */
function propertyText(text: string): string {
  const cut = text.slice(0, MAX_REASON_LENGTH);
  return cut.replaceAll('\u0001', ' ').replaceAll('\u0002', ' ').trim() || 'unknown';
}

/** Properties of a delivery, which do not belong to the message. */
const CONSUMER_PROPERTIES = [
  MessageConst.TRANSACTION_PREPARED,
  MessageConst.MIN_OFFSET,
  MessageConst.MAX_OFFSET,
  MessageConst.CONSUME_START_TIMESTAMP,
  MessageConst.POP_CK,
  MessageConst.FIRST_POP_TIME,
];
