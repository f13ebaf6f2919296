import { hasTimer, MessageConst } from '../../../common/message-const.js';
import type { MessageClientIdSetter } from '../../../common/message-client-id-setter.js';
import { hasQueueOffset, MessageSysFlag, transactionValue } from '../../../common/message-sys-flag.js';
import { dlqTopicOf, isRetryTopic, RETRY_GROUP_TOPIC_PREFIX } from '../../../common/mix-all.js';
import { isNotAllowedSendTopic, topicNameFault, TopicNames } from '../../../common/topic-validator.js';
import type { MessageBatch } from '../../../remoting/body/message-batch.js';
import type { RequestContext } from '../../../remoting/channel.js';
import type { SendMessageRequestHeader } from '../../../remoting/header/send-message-request-header.js';
import {
  failure,
  success,
  type RemotingRequest,
  type RemotingResponse,
} from '../../../remoting/remoting-command.js';
import type { RequestCode } from '../../../remoting/request-code.js';
import { ResponseCode } from '../../../remoting/response-code.js';
import type { PutMessageCallback } from '../../store/append-batch.js';
import type { DispatchRequest } from '../../store/dispatch-request.js';
import type { MessageExtBrokerInner } from '../../store/message-ext-broker-inner.js';
import type { PutMessageStatus } from '../../store/put-message-status.js';
import type { BrokerController } from '../broker-controller.js';
import { recallHandleOf } from '../timer/recall-message-handle.js';
import { divertTimed, isMessage } from '../timer/timer-diversion.js';
import { tooManyTopics, topicNotExist } from '../topic/topic-not-exist.js';
import { isPrepared, toHalfMessage } from '../transaction/half-message.js';
import { divertDelayed } from './delay-diversion.js';
import { refusal, STORED_CODES, StoredMessageHeader } from './put-message-response.js';

type SendCode = typeof RequestCode.SEND_MESSAGE | typeof RequestCode.SEND_BATCH_MESSAGE;
type SendContext = RequestContext<SendCode>;
type Refusal = RemotingResponse<never>;

/** Stores messages of producers (SendMessageProcessor). */
export class SendMessageProcessor {
  constructor(
    private readonly broker: BrokerController,
    private readonly ids: MessageClientIdSetter,
  ) {}

  processSend(
    { header, body }: RemotingRequest<typeof RequestCode.SEND_MESSAGE>,
    context: SendContext,
  ): void {
    const isHalf = isPrepared(header.properties, header.reconsumeTimes);
    const fault = this.refuse(header) ?? this.refuseTransaction(header, isHalf) ?? this.refuseBody(body);
    if (fault !== undefined) return context.reply(fault);
    const properties = this.completeProperties(header.properties);
    const message = this.innerMessage(header, header.flag, body, properties, context);
    const { queueId } = message;
    const stored = isRetryTopic(header.topic) ? this.divertDead(message, header) : message;
    const { broker } = this;
    const timed = divertTimed(stored, broker.storeConfig, broker.clock);
    if (!isMessage(timed)) return context.reply(timed);
    // Of a half message, too: its delay begins when the transaction ends well, and must be one.
    const delivered = divertDelayed(timed, broker.delayLevels.length);
    const isRetry = isRetryTopic(header.topic);
    const topic = isHalf ? TopicNames.TRANS_HALF : header.topic;
    const uniqKey = properties.get(MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX);
    const isRecallable = timed !== stored && !isRetry;
    const recallHandle = isRecallable ? recallHandleOf(timed, broker.config.brokerName) : undefined;
    const answer = new StoredMessageHeader(broker, queueId, uniqKey, recallHandle);
    const reply = new SendReply(broker, context, topic, answer, !isRetry);
    broker.store.putMessage(isHalf ? toHalfMessage(stored, broker.clock.now()) : delivered, reply);
  }

  processBatch(
    { header, body }: RemotingRequest<typeof RequestCode.SEND_BATCH_MESSAGE>,
    context: SendContext,
  ): void {
    const fault = this.refuse(header) ?? this.refuseBatch(header, body);
    if (fault !== undefined) return context.reply(fault);
    const queueId = header.queueId < 0 ? this.randomQueue(header.topic) : header.queueId;
    const sameQueue = { ...header, queueId };
    const messages = body.map((item) =>
      this.innerMessage(sameQueue, item.flag, item.body, item.properties, context),
    );
    const uniqKey = header.properties.get(MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX);
    const answer = new StoredMessageHeader(this.broker, queueId, uniqKey);
    const reply = new SendReply(this.broker, context, header.topic, answer, true);
    this.broker.store.putMessages(messages, reply);
  }

  /** The checks of a send, in the order of SendMessageProcessor#msgCheck; creates the topic if that is allowed. */
  refuse(header: SendMessageRequestHeader): Refusal | undefined {
    const { topics } = this.broker;
    const { topic, defaultTopic, defaultTopicQueueNums } = header;
    // No topic here has BatchCQ (HookUtils#checkInnerBatch).
    if ((header.sysFlag & MessageSysFlag.INNER_BATCH) !== 0) return refusal(this.broker, 'MESSAGE_ILLEGAL');
    const existing = topics.selectTopicConfig(topic);
    const fault =
      existing === undefined ? (topicNameFault(topic) ?? this.broker.directoryFault(topic)) : undefined;
    if (fault !== undefined) return failure(ResponseCode.INVALID_PARAMETER, fault);
    if (isNotAllowedSendTopic(topic)) {
      return failure(ResponseCode.NO_PERMISSION, `Sending message to topic[${topic}] is forbidden.`);
    }
    const config = existing ?? topics.findOrCreateForSend(topic, defaultTopic, defaultTopicQueueNums);
    if (config === undefined) return topics.isFull ? tooManyTopics(topic) : topicNotExist(topic);
    const queueNums = Math.max(config.readQueueNums, config.writeQueueNums);
    if (header.queueId >= queueNums || queueNums === 0) {
      return failure(
        ResponseCode.INVALID_PARAMETER,
        `request queueId[${header.queueId}] is illegal, topic:[${topic}] has ${queueNums} queues`,
      );
    }
    return isRetryTopic(topic) ? this.refuseRetry(topic) : undefined;
  }

  /** Without the property such a message would be stored where nobody can find it. */
  private refuseTransaction(
    { sysFlag, properties }: SendMessageRequestHeader,
    isHalf: boolean,
  ): Refusal | undefined {
    if (isHalf) {
      const { rejectTransactionMessage, brokerName } = this.broker.config;
      if (hasTimer(properties)) {
        const remark = 'a message of a transaction can not have a time of its own';
        return failure(ResponseCode.MESSAGE_ILLEGAL, remark);
      }
      if (!rejectTransactionMessage) return undefined;
      const remark = `the broker[${brokerName}] sending transaction message is forbidden`;
      return failure(ResponseCode.NO_PERMISSION, remark);
    }
    if (hasQueueOffset(sysFlag)) return undefined;
    return failure(ResponseCode.MESSAGE_ILLEGAL, 'a message of a transaction needs the property TRAN_MSG');
  }

  /** The store itself has no such limit: what waits since it was higher is delivered. */
  private refuseBody(body: Buffer): Refusal | undefined {
    if (body.length <= this.broker.storeConfig.maxMessageSize) return refuseWithoutBody(body);
    return refusal(this.broker, 'MESSAGE_ILLEGAL');
  }

  private refuseRetry(topic: string): Refusal | undefined {
    const group = topic.slice(RETRY_GROUP_TOPIC_PREFIX.length);
    if (this.broker.groups.findSubscriptionGroupConfig(group) !== undefined) return undefined;
    return failure(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, `subscription group not exist, ${group}`);
  }

  private refuseBatch(header: SendMessageRequestHeader, batch: MessageBatch): Refusal | undefined {
    const { maxMessageSize } = this.broker.storeConfig;
    if (batch.length === 0) return failure(ResponseCode.SYSTEM_ERROR, 'the batch has no message');
    if (isRetryTopic(header.topic)) {
      return failure(ResponseCode.MESSAGE_ILLEGAL, 'batch request does not support retry group');
    }
    if (batch.reduce((size, item) => size + item.body.length, 0) > maxMessageSize) {
      return failure(ResponseCode.SYSTEM_ERROR, `message body of the batch exceeds ${maxMessageSize} bytes`);
    }
    for (const { properties } of [header, ...batch]) {
      const fault = refuseInBatch(header.sysFlag, properties);
      if (fault !== undefined) return fault;
      if (hasTimer(properties)) {
        return failure(
          ResponseCode.MESSAGE_ILLEGAL,
          'a batch can not have messages with a time of their own',
        );
      }
      if (Number(properties.get(MessageConst.DELAY_TIME_LEVEL) ?? 0) !== 0) {
        return failure(ResponseCode.MESSAGE_ILLEGAL, 'a batch can not have messages with a delay level');
      }
    }
    return undefined;
  }

  innerMessage(
    header: SendMessageRequestHeader,
    flag: number,
    body: Buffer,
    properties: ReadonlyMap<string, string>,
    { channel }: Pick<SendContext, 'channel'>,
  ): MessageExtBrokerInner {
    const { broker } = this;
    return {
      topic: header.topic,
      queueId: header.queueId < 0 ? this.randomQueue(header.topic) : header.queueId,
      flag,
      sysFlag: header.sysFlag,
      bornTimestamp: header.bornTimestamp,
      bornHost: channel.remoteHost,
      storeHost: broker.storeHost,
      reconsumeTimes: header.reconsumeTimes,
      preparedTransactionOffset: 0,
      body,
      properties,
      brokerProperties: broker.brokerProperties,
    };
  }

  private randomQueue(topic: string): number {
    const config = this.broker.topics.selectTopicConfig(topic)!;
    return Math.floor(this.broker.random() * config.writeQueueNums);
  }

  /** What a message of a client that is not Java's may lack, and must not have. */
  private completeProperties(properties: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
    const hasId = properties.has(MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX);
    if (hasId && !properties.has(MessageConst.POP_CK)) return properties;
    const completed = new Map(properties);
    completed.delete(MessageConst.POP_CK);
    if (!hasId) completed.set(MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX, this.ids.createUniqId());
    return completed;
  }

  /** A retried message that failed too often, or of a group that consumes in order, is dead (#handleRetryAndDLQ). */
  private divertDead(
    message: MessageExtBrokerInner,
    header: SendMessageRequestHeader,
  ): MessageExtBrokerInner {
    const group = header.topic.slice(RETRY_GROUP_TOPIC_PREFIX.length);
    const { retryMaxTimes } = this.broker.groups.findSubscriptionGroupConfig(group)!;
    const max = header.maxReconsumeTimes ?? retryMaxTimes;
    if (header.reconsumeTimes <= max && !this.broker.locks.hasLiveLock(group)) return message;
    const topic = dlqTopicOf(group);
    this.broker.topics.findOrCreate(topic, 1);
    const properties = new Map(message.properties).set(MessageConst.DELAY_TIME_LEVEL, '-1');
    return { ...message, topic, queueId: 0, properties };
  }
}

/** A frame cannot tell an empty body from none, on which Apache's broker fails. */
export function refuseWithoutBody(body: Buffer): Refusal | undefined {
  return body.length > 0 ? undefined : failure(ResponseCode.SYSTEM_ERROR, 'the message has no body');
}

function refuseInBatch(sysFlag: number, properties: ReadonlyMap<string, string>): Refusal | undefined {
  if (transactionValue(sysFlag) === 0 && !isPrepared(properties, 0)) return undefined;
  return failure(ResponseCode.MESSAGE_ILLEGAL, 'a batch can not have messages of a transaction');
}

/** Answers the sender when its messages are stored, or not. */
class SendReply implements PutMessageCallback {
  constructor(
    private readonly broker: BrokerController,
    private readonly context: SendContext,
    private readonly topic: string,
    private readonly header: StoredMessageHeader,
    /**
     * Apache's broker, when it opens this store after a crash, finds messages only of topics in the table. It
     * creates retry topics when a consumer comes, and dead-letter topics with the next dead message.
     */
    private readonly awaitsTable: boolean,
  ) {}

  onPut(status: PutMessageStatus, records: readonly DispatchRequest[], first: number, count: number): void {
    const { topics } = this.broker;
    if (!this.awaitsTable || status !== 'PUT_OK' || topics.isPersisted)
      return this.answer(status, records, first, count);
    topics.whenPersisted(() => this.answer(status, records, first, count));
  }

  private answer(
    status: PutMessageStatus,
    records: readonly DispatchRequest[],
    first: number,
    count: number,
  ): void {
    const code = STORED_CODES[status];
    if (code === undefined) return this.context.reply(refusal(this.broker, status));
    const newest = records[first + count - 1]!;
    const bytes = newest.commitLogOffset + newest.msgSize - records[first]!.commitLogOffset;
    this.broker.stats.onPut(this.topic, count, bytes);
    const { context, header } = this;
    header.setStored(records, first, count);
    if (code === ResponseCode.SUCCESS) context.reply(success(header, undefined));
    else context.reply({ code, remark: status, header, body: undefined });
  }
}
