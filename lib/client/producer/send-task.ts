import { millisLeft } from '../../common/clock.js';
import { MessageConst } from '../../common/message-const.js';
import type { MessageQueue } from '../../common/message-queue.js';
import { REPLY_MESSAGE_FLAG } from '../../common/mix-all.js';
import { MQBrokerError } from '../../errors/mq-broker.error.js';
import { MQClientError } from '../../errors/mq-client.error.js';
import { RemotingTimeoutError } from '../../errors/remoting-timeout.error.js';
import type { RocketMQError } from '../../errors/rocketmq.error.js';
import type { RemotingRequest, RemotingResponse } from '../../remoting/remoting-command.js';
import { RequestCode } from '../../remoting/request-code.js';
import { ResponseCode } from '../../remoting/response-code.js';
import type { ResponseCallback } from '../../remoting/transport/transport.js';
import type { MQClientInstance } from '../mq-client-instance.js';
import type { ProducerConfig } from './producer-config.js';
import type { Outgoing } from './outgoing.js';
import type { SendResult, SendStatus } from './send-result.js';
import type { MQFaultStrategy } from './mq-fault-strategy.js';
import type { SendsUnderWay } from './sends-under-way.js';
import type { SendMessageTrace } from '../trace/send-message-trace.js';
import type { TopicPublishInfo } from './topic-publish-info.js';

/** Whether the sender waits for the result, in which case errors of a broker are tried again too, or not (CommunicationMode). */
export type CommunicationMode = 'SYNC' | 'ASYNC';

type SendCode =
  | typeof RequestCode.SEND_MESSAGE
  | typeof RequestCode.SEND_BATCH_MESSAGE
  | typeof RequestCode.SEND_REPLY_MESSAGE;

/** The codes of answers that say that a message is stored. */
export const SEND_STATUS: ReadonlyMap<number, SendStatus> = new Map([
  [ResponseCode.SUCCESS, 'SEND_OK'],
  [ResponseCode.FLUSH_DISK_TIMEOUT, 'FLUSH_DISK_TIMEOUT'],
  [ResponseCode.FLUSH_SLAVE_TIMEOUT, 'FLUSH_SLAVE_TIMEOUT'],
  [ResponseCode.SLAVE_NOT_AVAILABLE, 'SLAVE_NOT_AVAILABLE'],
]);

/** Errors after which another broker may do better (DefaultMQProducer.retryResponseCodes). */
const RETRY_RESPONSE_CODES: ReadonlySet<number> = new Set([
  ResponseCode.TOPIC_NOT_EXIST,
  ResponseCode.SERVICE_NOT_AVAILABLE,
  ResponseCode.SYSTEM_ERROR,
  ResponseCode.SYSTEM_BUSY,
  ResponseCode.NO_PERMISSION,
  ResponseCode.NO_BUYER_ID,
  ResponseCode.NOT_IN_CURRENT_UNIT,
  ResponseCode.GO_AWAY,
]);

/** Answers of a broker that may not be what its route says: no master any more, or with another topic. Java's client waits for its next look. */
const STALE_ROUTE_CODES: ReadonlySet<number> = new Set([
  ResponseCode.SERVICE_NOT_AVAILABLE,
  ResponseCode.NO_PERMISSION,
  ResponseCode.TOPIC_NOT_EXIST,
  ResponseCode.INVALID_PARAMETER,
]);

/** What the texts of a busy broker leave open. */
const BUSY_ADVICE = ' (it has not stored the message: send it again a little later, or less at once)';

/** What all sends of a producer have in common. */
export interface SendEnvironment {
  readonly instance: MQClientInstance;
  readonly config: ProducerConfig;
  readonly faultStrategy: MQFaultStrategy;
  readonly underWay: SendsUnderWay;
  /** Set when sends are traced. */
  readonly trace?: SendMessageTrace;
}

/** One send with its attempts (DefaultMQProducerImpl#sendDefaultImpl). */
export class SendTask implements ResponseCallback<SendCode> {
  private attempts = 0;
  private queue!: MessageQueue;
  private brokersSent = '';
  /** Of an attempt that stored the message less safely than it might be elsewhere. */
  private stored: SendResult | undefined;
  /** In the time of `Clock.monotonicNow`. */
  private sentAt = 0;
  /** An attempt had no answer, and may have stored the message. */
  private isOpen = false;

  constructor(
    private readonly environment: SendEnvironment,
    private readonly outgoing: Outgoing,
    private readonly mode: CommunicationMode,
    private readonly publishInfo: TopicPublishInfo,
    /** Set when only this queue will do. */
    private readonly fixedQueue: MessageQueue | undefined,
    private readonly timeout: number,
    private readonly signal: AbortSignal | undefined,
    private readonly resolve: (result: SendResult) => void,
    private readonly reject: (error: Error) => void,
  ) {}

  /** @param now what the clock shows, of who has begun the send just now. */
  attempt(now?: number): void {
    if (this.signal?.aborted === true) return this.rejectSend(this.signal.reason as Error);
    const { config, faultStrategy, instance } = this.environment;
    const { startedAt } = this.outgoing;
    const moment = now === undefined ? instance.clock.monotonicNow() : startedAt;
    const remaining = millisLeft(this.timeout, startedAt, moment);
    if (remaining <= 0) return this.fail(this.timedOut());
    const lastBroker = this.attempts === 0 ? undefined : this.queue.brokerName;
    this.queue = this.fixedQueue ?? faultStrategy.selectOneMessageQueue(this.publishInfo, lastBroker);
    this.attempts++;
    this.brokersSent += this.attempts === 1 ? this.queue.brokerName : `, ${this.queue.brokerName}`;
    const address = instance.findBrokerAddressInPublish(this.queue.brokerName);
    if (address === undefined) return this.onUnknownBroker();
    this.sentAt = moment;
    const time = now ?? instance.clock.now();
    const request = sendRequest(config, this.outgoing, this.queue, time, instance.config.unitMode);
    instance.transport.invoke<SendCode>(address, request, remaining, this, time);
  }

  onResponse(response: RemotingResponse<SendCode>): void {
    const sendStatus = SEND_STATUS.get(response.code);
    this.environment.faultStrategy.update(this.queue.brokerName, this.sentAt, sendStatus === undefined);
    if (sendStatus === undefined) return this.onBrokerError(response);
    const result = this.resultOf(sendStatus, response);
    this.environment.trace?.onSent(this.outgoing, this.sentAt, result);
    const { retryAnotherBrokerWhenNotStoreOK } = this.environment.config;
    if (sendStatus === 'SEND_OK' || !retryAnotherBrokerWhenNotStoreOK || !this.mayRetrySync())
      return this.resolveSend(result);
    this.stored = result;
    this.attempt();
  }

  private resultOf(sendStatus: SendStatus, { header }: RemotingResponse<SendCode>): SendResult {
    const {
      msgId: offsetMsgId,
      queueId,
      queueOffset,
      transactionId,
      regionId,
      traceOn,
      recallHandle,
    } = header!;
    const { msgId, message } = this.outgoing;
    const isQueue = queueId === this.queue.queueId && message.topic === this.queue.topic;
    const messageQueue = isQueue ? this.queue : { ...this.queue, topic: message.topic, queueId };
    return {
      sendStatus,
      msgId,
      offsetMsgId,
      messageQueue,
      queueOffset,
      transactionId,
      regionId,
      traceOn,
      recallHandle,
    };
  }

  onError(error: RocketMQError): void {
    this.isOpen = true;
    this.onUnanswered(error);
  }

  private onUnanswered(error: RocketMQError): void {
    this.environment.faultStrategy.update(this.queue.brokerName, this.sentAt, true);
    if (error.retryable) this.refreshRoute();
    this.retryOrReject(error);
  }

  /** What another topic's route says of a broker may be newer. */
  private onUnknownBroker(): void {
    this.refreshRoute();
    this.retryOrReject(this.unknownBroker());
  }

  private refreshRoute(): void {
    this.environment.instance.refreshRoute(this.outgoing.topic);
  }

  private retryOrReject(error: RocketMQError): void {
    if (error.retryable && this.mayRetry()) this.attempt();
    else this.fail(this.finalError(error));
  }

  /** What an attempt before has stored is no failure, whatever came of the later ones (DefaultMQProducerImpl#sendDefaultImpl). */
  private fail(error: Error): void {
    if (this.stored === undefined) this.rejectSend(error);
    else this.resolveSend(this.stored);
  }

  private resolveSend(result: SendResult): void {
    this.environment.underWay.end();
    this.resolve(result);
  }

  private rejectSend(error: Error): void {
    this.environment.underWay.end();
    this.reject(error);
  }

  private onBrokerError({ code, remark }: RemotingResponse<SendCode>): void {
    const isRetryable = RETRY_RESPONSE_CODES.has(code);
    const advice = code === ResponseCode.SYSTEM_BUSY && !this.isOpen ? BUSY_ADVICE : '';
    const { brokerName } = this.queue;
    const { topic } = this.outgoing.message;
    const error = new MQBrokerError(code, `${remark ?? ''}${advice}`, brokerName, isRetryable, topic);
    // It ends, and took nothing: as if it had not answered (NettyRemotingClient#invokeImpl).
    if (code === ResponseCode.GO_AWAY) return this.onUnanswered(error);
    if (STALE_ROUTE_CODES.has(code)) this.refreshRoute();
    if (isRetryable && this.mayRetrySync()) this.attempt();
    else this.fail(this.finalError(error));
  }

  /** After an answer of a broker only a sender that waits for the result tries again. */
  private mayRetrySync(): boolean {
    return this.mode === 'SYNC' && this.mayRetry();
  }

  private mayRetry(): boolean {
    const { retryTimesWhenSendFailed, retryTimesWhenSendAsyncFailed } = this.environment.config;
    const retries = this.mode === 'SYNC' ? retryTimesWhenSendFailed : retryTimesWhenSendAsyncFailed;
    return this.fixedQueue === undefined && this.attempts <= retries;
  }

  private timedOut(): RemotingTimeoutError {
    const { topic } = this.outgoing.message;
    const broker = this.attempts === 0 ? undefined : this.queue.brokerName;
    const text = `The send to topic ${topic} took longer than ${this.timeout} ms`;
    return new RemotingTimeoutError(text, this.timeout, { topic, broker });
  }

  private unknownBroker(): MQClientError {
    return new MQClientError(`The broker[${this.queue.brokerName}] not exist`, { retryable: true });
  }

  private finalError(error: RocketMQError): RocketMQError {
    if (error instanceof RemotingTimeoutError) return this.timedOut();
    const { topic } = this.outgoing.message;
    const { responseCode, retryable } = error;
    const options = { cause: error, responseCode, retryable, topic, broker: this.queue.brokerName };
    if (this.attempts === 1)
      return error instanceof MQClientError ? new MQClientError(error.message, options) : error;
    const cost = Math.round(this.environment.instance.clock.monotonicNow() - this.outgoing.startedAt);
    return new MQClientError(
      `Send [${this.attempts}] times, still failed, cost [${cost}]ms, Topic: ${topic}, ` +
        `BrokersSent: [${this.brokersSent}]: ${error.message}`,
      options,
    );
  }
}

/** The request that sends a message, or a batch, to a queue. */
export function sendRequest(
  { group, createTopicKey, defaultTopicQueueNums }: ProducerConfig,
  { message, topic, body, sysFlag, properties, isBatch }: Outgoing,
  { queueId, brokerName }: MessageQueue,
  bornTimestamp: number,
  unitMode: boolean,
): RemotingRequest<SendCode> {
  const header = {
    producerGroup: group,
    topic,
    defaultTopic: createTopicKey,
    defaultTopicQueueNums,
    queueId,
    sysFlag,
    bornTimestamp,
    flag: message.flag,
    properties,
    reconsumeTimes: 0,
    brokerName,
    unitMode,
  };
  if (isBatch) return { code: RequestCode.SEND_BATCH_MESSAGE, header, body };
  const isReply = properties.get(MessageConst.MESSAGE_TYPE) === REPLY_MESSAGE_FLAG;
  return { code: isReply ? RequestCode.SEND_REPLY_MESSAGE : RequestCode.SEND_MESSAGE, header, body };
}
