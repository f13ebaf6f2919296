import { decodeMessage } from '../../../common/message-decoder.js';
import { LimitedLogger } from '../../../common/limited-logger.js';
import type { MessageExt } from '../../../common/message-ext.js';
import { MessageConst } from '../../../common/message-const.js';
import { dlqTopicOf, retryTopicOf } from '../../../common/mix-all.js';
import type { RequestContext } from '../../../remoting/channel.js';
import type { ConsumerSendMsgBackRequestHeader } from '../../../remoting/header/consumer-send-msg-back-request-header.js';
import { failure, success, type RemotingRequest } from '../../../remoting/remoting-command.js';
import type { RequestCode } from '../../../remoting/request-code.js';
import { ResponseCode } from '../../../remoting/response-code.js';
import type { PutMessageCallback } from '../../store/append-batch.js';
import type { PutMessageStatus } from '../../store/put-message-status.js';
import type { BrokerController } from '../broker-controller.js';
import { copyOf } from '../message-copy.js';
import type { SubscriptionGroupConfig } from '../../../remoting/body/subscription-group-config.js';
import { isWriteable } from '../../../common/perm-name.js';
import { divertDelayed } from './delay-diversion.js';

type SendBackContext = RequestContext<typeof RequestCode.CONSUMER_SEND_MSG_BACK>;

/** The first retry waits for this delay level, the next one for the one after it. */
const FIRST_RETRY_LEVEL = 3;

/**
 * Takes back messages that a consumer could not handle: for a later retry, or for the dead-letter queue
 * (AbstractSendMessageProcessor#consumerSendMsgBack).
 */
export class SendMessageBackProcessor {
  private readonly limited: LimitedLogger;

  constructor(private readonly broker: BrokerController) {
    this.limited = new LimitedLogger(broker.logger, broker.clock);
  }

  process(
    { header }: RemotingRequest<typeof RequestCode.CONSUMER_SEND_MSG_BACK>,
    context: SendBackContext,
  ): void {
    const group = this.broker.groups.findSubscriptionGroupConfig(header.group);
    if (group === undefined) {
      const remark = `subscription group not exist, ${header.group}`;
      return context.reply(failure(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, remark));
    }
    if (group.retryQueueNums <= 0) return context.reply(success(undefined, undefined));
    const retryTopic = this.broker.topics.findOrCreate(retryTopicOf(header.group), group.retryQueueNums);
    if (!isWriteable(retryTopic.perm)) {
      const remark = `the topic[${retryTopic.topicName}] sending message is forbidden`;
      return context.reply(failure(ResponseCode.NO_PERMISSION, remark));
    }
    const record = this.broker.store.lookMessageByOffset(header.offset);
    const message = record && decodeMessage(record);
    if (message === undefined) {
      const remark = `look message by offset failed, ${header.offset}`;
      return context.reply(failure(ResponseCode.SYSTEM_ERROR, remark));
    }
    this.store(message, group, header, context);
  }

  private store(
    message: MessageExt,
    group: SubscriptionGroupConfig,
    header: ConsumerSendMsgBackRequestHeader,
    context: SendBackContext,
  ): void {
    const maxReconsumeTimes = header.maxReconsumeTimes ?? group.retryMaxTimes;
    const isDead = header.delayLevel < 0 || message.reconsumeTimes >= maxReconsumeTimes;
    const level = header.delayLevel === 0 ? FIRST_RETRY_LEVEL + message.reconsumeTimes : header.delayLevel;
    const topic = isDead ? dlqTopicOf(group.groupName) : retryTopicOf(group.groupName);
    const queueNums = isDead ? 1 : group.retryQueueNums;
    const { readQueueNums, writeQueueNums } = this.broker.topics.findOrCreate(topic, queueNums);
    // The topic may be older than the group's number of queues, and nobody reads others than its own.
    const count = Math.min(queueNums, readQueueNums, writeQueueNums);
    const copy = copyOf(message, {
      topic,
      queueId: Math.floor(this.broker.random() * count),
      properties: retryProperties(message, isDead ? 0 : level),
      reconsumeTimes: message.reconsumeTimes + 1,
      storeHost: this.broker.storeHost,
    });
    this.broker.stats.onSendBack(group.groupName, copy.properties.get(MessageConst.RETRY_TOPIC)!);
    const diverted = divertDelayed(copy, this.broker.delayLevels.length);
    const putShorter = () => this.putWithoutRoom(message, group.groupName, context);
    this.broker.store.putMessage(diverted, new SendBackReply(context, putShorter));
  }

  /** Its properties have no room for what is added: it could neither be tried again nor die, and would hold up its consumer. */
  private putWithoutRoom(message: MessageExt, group: string, context: SendBackContext): void {
    this.limited.warn(
      `Message ${message.msgId} of topic ${message.topic} is dead for group ${group}: its properties have no room for those of a retry`,
    );
    const origin = message.getProperty(MessageConst.RETRY_TOPIC) ?? message.topic;
    const withOrigin = new Map(message.properties).set(MessageConst.RETRY_TOPIC, origin);
    const putAsItIs = () => this.putDead(message, message.properties, group, new SendBackReply(context));
    this.putDead(message, withOrigin, group, new SendBackReply(context, putAsItIs));
  }

  private putDead(
    message: MessageExt,
    properties: ReadonlyMap<string, string>,
    group: string,
    reply: SendBackReply,
  ): void {
    const topic = dlqTopicOf(group);
    this.broker.topics.findOrCreate(topic, 1);
    const { storeHost } = this.broker;
    const reconsumeTimes = message.reconsumeTimes + 1;
    const copy = copyOf(message, { topic, queueId: 0, properties, reconsumeTimes, storeHost });
    this.broker.store.putMessage(copy, reply);
  }
}

function retryProperties(message: MessageExt, level: number): ReadonlyMap<string, string> {
  const properties = new Map(message.properties);
  if (!properties.has(MessageConst.RETRY_TOPIC)) properties.set(MessageConst.RETRY_TOPIC, message.topic);
  if (!properties.has(MessageConst.ORIGIN_MESSAGE_ID)) {
    properties.set(MessageConst.ORIGIN_MESSAGE_ID, message.offsetMsgId);
  }
  properties.set(MessageConst.WAIT_STORE_MSG_OK, 'false');
  return properties.set(MessageConst.DELAY_TIME_LEVEL, String(level));
}

class SendBackReply implements PutMessageCallback {
  constructor(
    private readonly context: SendBackContext,
    /** When the properties are too long. */
    private readonly putShorter?: () => void,
  ) {}

  onPut(status: PutMessageStatus): void {
    if (status === 'PROPERTIES_SIZE_EXCEEDED' && this.putShorter !== undefined) this.putShorter();
    else if (status === 'PUT_OK') this.context.reply(success(undefined, undefined));
    else this.context.reply(failure(ResponseCode.SYSTEM_ERROR, status));
  }
}
