import type { Message } from '../../common/message.js';
import type { MessageQueue } from '../../common/message-queue.js';
import { MQBrokerError } from '../../errors/mq-broker.error.js';
import { MQClientError } from '../../errors/mq-client.error.js';
import { RemotingTimeoutError } from '../../errors/remoting-timeout.error.js';
import type { RocketMQError } from '../../errors/rocketmq.error.js';
import type { MessageBatch } from '../../remoting/body/message-batch.js';
import type { SendMessageRequestHeader } from '../../remoting/header/send-message-request-header.js';
import type { RemotingResponse } from '../../remoting/remoting-command.js';
import { RequestCode } from '../../remoting/request-code.js';
import { ResponseCode } from '../../remoting/response-code.js';
import type { ResponseCallback } from '../../remoting/transport/transport.js';
import type { MQClientInstance } from '../mq-client-instance.js';
import type { ProducerConfig } from './producer-config.js';
import type { SendResult, SendStatus } from './send-result.js';
import type { TopicPublishInfo } from './topic-publish-info.js';

/** Whether the sender waits for the result, in which case errors of a broker are tried again too, or not (CommunicationMode). */
export type CommunicationMode = 'SYNC' | 'ASYNC';

type SendCode = typeof RequestCode.SEND_MESSAGE | typeof RequestCode.SEND_BATCH_MESSAGE;

/** What is sent: the same in every attempt. */
export interface Outgoing {
  /** Of a batch the message that stands for all. */
  readonly message: Message;
  readonly body: Buffer | MessageBatch;
  readonly sysFlag: number;
  readonly properties: ReadonlyMap<string, string>;
  /** What the sender sees as the id; of a batch all of them. */
  readonly msgId: string;
  readonly isBatch: boolean;
}

const SEND_STATUS: ReadonlyMap<number, SendStatus> = new Map([
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

/** One send with its attempts (DefaultMQProducerImpl#sendDefaultImpl). */
export class SendTask implements ResponseCallback<SendCode> {
  private readonly startedAt: number;
  private attempts = 0;
  private queue!: MessageQueue;
  private readonly brokersSent: string[] = [];

  constructor(
    private readonly instance: MQClientInstance,
    private readonly config: ProducerConfig,
    private readonly outgoing: Outgoing,
    private readonly mode: CommunicationMode,
    private readonly publishInfo: TopicPublishInfo,
    /** Set when only this queue will do. */
    private readonly fixedQueue: MessageQueue | undefined,
    private readonly timeout: number,
    private readonly resolve: (result: SendResult) => void,
    private readonly reject: (error: RocketMQError) => void,
  ) {
    this.startedAt = instance.clock.now();
  }

  attempt(): void {
    const now = this.attempts === 0 ? this.startedAt : this.instance.clock.now();
    const remaining = this.timeout - (now - this.startedAt);
    if (remaining <= 0) return this.reject(this.timedOut());
    const lastBroker = this.attempts === 0 ? undefined : this.queue.brokerName;
    this.queue = this.fixedQueue ?? this.publishInfo.selectOneMessageQueue(lastBroker);
    this.attempts++;
    this.brokersSent.push(this.queue.brokerName);
    const address = this.instance.findBrokerAddressInPublish(this.queue.brokerName);
    if (address === undefined) return this.onError(this.unknownBroker());
    const request = this.outgoing.isBatch
      ? {
          code: RequestCode.SEND_BATCH_MESSAGE,
          header: this.header(now),
          body: this.outgoing.body as MessageBatch,
        }
      : { code: RequestCode.SEND_MESSAGE, header: this.header(now), body: this.outgoing.body as Buffer };
    this.instance.transport.invoke<SendCode>(address, request, remaining, this);
  }

  onResponse(response: RemotingResponse<SendCode>): void {
    const sendStatus = SEND_STATUS.get(response.code);
    if (sendStatus === undefined) return this.onBrokerError(response);
    if (sendStatus !== 'SEND_OK' && this.config.retryAnotherBrokerWhenNotStoreOK && this.mayRetry('SYNC')) {
      return this.attempt();
    }
    const { msgId: offsetMsgId, queueId, queueOffset, transactionId, regionId, traceOn } = response.header!;
    const messageQueue = queueId === this.queue.queueId ? this.queue : { ...this.queue, queueId };
    const { msgId } = this.outgoing;
    this.resolve({
      sendStatus,
      msgId,
      offsetMsgId,
      messageQueue,
      queueOffset,
      transactionId,
      regionId,
      traceOn,
    });
  }

  onError(error: RocketMQError): void {
    if (error.retryable && this.mayRetry(this.mode)) this.attempt();
    else this.reject(this.finalError(error));
  }

  private onBrokerError({ code, remark }: RemotingResponse<SendCode>): void {
    const isRetryable = RETRY_RESPONSE_CODES.has(code);
    const error = new MQBrokerError(code, remark ?? '', this.queue.brokerName, isRetryable);
    if (isRetryable && this.mode === 'SYNC' && this.mayRetry('SYNC')) this.attempt();
    else this.reject(this.finalError(error));
  }

  private mayRetry(mode: CommunicationMode): boolean {
    const { retryTimesWhenSendFailed, retryTimesWhenSendAsyncFailed } = this.config;
    const retries = mode === 'SYNC' ? retryTimesWhenSendFailed : retryTimesWhenSendAsyncFailed;
    return this.fixedQueue === undefined && this.attempts <= retries;
  }

  private header(bornTimestamp: number): SendMessageRequestHeader {
    const { message, sysFlag, properties } = this.outgoing;
    return {
      producerGroup: this.config.group,
      topic: message.topic,
      defaultTopic: this.config.createTopicKey,
      defaultTopicQueueNums: this.config.defaultTopicQueueNums,
      queueId: this.queue.queueId,
      sysFlag,
      bornTimestamp,
      flag: message.flag,
      properties,
      reconsumeTimes: 0,
      brokerName: this.queue.brokerName,
    };
  }

  private timedOut(): RemotingTimeoutError {
    const { topic } = this.outgoing.message;
    return new RemotingTimeoutError(
      `The send to topic ${topic} took longer than ${this.timeout} ms`,
      this.timeout,
    );
  }

  private unknownBroker(): MQClientError {
    return new MQClientError(`The broker[${this.queue.brokerName}] not exist`, { retryable: true });
  }

  private finalError(error: RocketMQError): RocketMQError {
    if (error instanceof RemotingTimeoutError) return this.timedOut();
    if (this.attempts === 1) return error;
    const { topic } = this.outgoing.message;
    const cost = this.instance.clock.now() - this.startedAt;
    return new MQClientError(
      `Send [${this.attempts}] times, still failed, cost [${cost}]ms, Topic: ${topic}, ` +
        `BrokersSent: [${this.brokersSent.join(', ')}]: ${error.message}`,
      { cause: error, responseCode: error.responseCode, retryable: error.retryable },
    );
  }
}
