import { MessageConst } from '../common/message-const.js';
import { replyMessage } from '../common/reply-record.js';
import {
  failure,
  success,
  type RemotingRequest,
  type RemotingResponse,
} from '../remoting/remoting-command.js';
import type { Request, Response } from '../remoting/named-request.js';
import { RequestCode } from '../remoting/request-code.js';
import { ResponseCode } from '../remoting/response-code.js';
import { MQClientError } from '../errors/mq-client.error.js';
import type { MQClientInstance } from './mq-client-instance.js';

type Reply = (response: RemotingResponse) => void;

/** Answers what brokers ask of a client (ClientRemotingProcessor). */
export class ClientRemotingProcessor {
  constructor(private readonly instance: MQClientInstance) {}

  process(request: RemotingRequest, reply: Reply): void {
    this.answer(request)
      .then((response) => reply(response))
      // An answer may also be one that cannot travel.
      .catch((error) => reply(failure(ResponseCode.SYSTEM_ERROR, String(error))));
  }

  private async answer(request: RemotingRequest): Promise<RemotingResponse> {
    switch (request.code) {
      case RequestCode.NOTIFY_CONSUMER_IDS_CHANGED:
        await this.consumerIdsChanged(request as Request<'NOTIFY_CONSUMER_IDS_CHANGED'>);
        return success(undefined as never, undefined as never);
      case RequestCode.RESET_CONSUMER_CLIENT_OFFSET:
        return this.resetOffset(request as Request<'RESET_CONSUMER_CLIENT_OFFSET'>);
      case RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT:
        return this.getConsumerStatus(request as Request<'GET_CONSUMER_STATUS_FROM_CLIENT'>);
      case RequestCode.GET_CONSUMER_RUNNING_INFO:
        return this.getConsumerRunningInfo(request as Request<'GET_CONSUMER_RUNNING_INFO'>);
      case RequestCode.CONSUME_MESSAGE_DIRECTLY:
        return this.consumeMessageDirectly(request as Request<'CONSUME_MESSAGE_DIRECTLY'>);
      case RequestCode.PUSH_REPLY_MESSAGE_TO_CLIENT:
        return this.receiveReplyMessage(request as Request<'PUSH_REPLY_MESSAGE_TO_CLIENT'>);
      case RequestCode.CHECK_TRANSACTION_STATE:
        await this.instance.logged(async () =>
          this.checkTransactionState(request as Request<'CHECK_TRANSACTION_STATE'>),
        );
        return success(undefined as never, undefined as never);
      default:
        return failure(
          ResponseCode.REQUEST_CODE_NOT_SUPPORTED,
          ` request type ${request.code} not supported`,
        );
    }
  }

  /** Java's client looks at all of its groups; with a hundred of them that start together each would look a hundred times. */
  private async consumerIdsChanged({ header }: Request<'NOTIFY_CONSUMER_IDS_CHANGED'>): Promise<void> {
    const consumer = this.instance.consumerOf(header.consumerGroup);
    await this.instance.logged(async () => consumer?.doRebalance());
  }

  /** The producer answers with a request of its own. */
  private checkTransactionState({ header, body }: Request<'CHECK_TRANSACTION_STATE'>): void {
    const [message] = this.instance.decode(body);
    const group = message?.getProperty(MessageConst.PRODUCER_GROUP) ?? '';
    const producer = this.instance.producerOf(group);
    if (message === undefined || producer?.checkTransactionState === undefined) {
      const reason = `producer group "${group}" has no transactions in this client`;
      throw new MQClientError(`The check of transaction ${header.msgId} is not answered: ${reason}`);
    }
    const address = this.addressOf(header.brokerName, message.storeHost);
    message.topic = this.instance.withoutNamespace(message.topic);
    message.brokerName = header.brokerName ?? '';
    producer.checkTransactionState(address, message, header);
  }

  /** A broker before version 5 does not name itself, but its message says where it was stored. */
  private addressOf(brokerName: string | undefined, storeHost: string): string {
    if (brokerName !== undefined) return this.instance.brokerAddressOf(brokerName);
    if (this.instance.brokerAddresses().includes(storeHost)) return storeHost;
    throw new MQClientError(`The broker at ${storeHost} is not known`);
  }

  private async resetOffset({
    header: { group, topic },
    body,
  }: Request<'RESET_CONSUMER_CLIENT_OFFSET'>): Promise<Response<'RESET_CONSUMER_CLIENT_OFFSET'>> {
    const consumer = this.instance.consumerOf(group);
    if (consumer === undefined) return notMember(group);
    this.instance.logger.log(`The offsets of group ${group} in topic ${topic} are reset by an administrator`);
    await this.instance.logged(() => consumer.admin.resetOffset(topic, body.offsetTable));
    return success(undefined, undefined);
  }

  private getConsumerStatus({
    header: { group, topic },
  }: Request<'GET_CONSUMER_STATUS_FROM_CLIENT'>): Response<'GET_CONSUMER_STATUS_FROM_CLIENT'> {
    const consumer = this.instance.consumerOf(group);
    if (consumer === undefined) return notMember(group);
    const messageQueueTable = consumer.admin.consumerStatus(topic);
    return success(undefined, { messageQueueTable, consumerTable: new Map() });
  }

  private getConsumerRunningInfo({
    header: { consumerGroup },
  }: Request<'GET_CONSUMER_RUNNING_INFO'>): Response<'GET_CONSUMER_RUNNING_INFO'> {
    const consumer = this.instance.consumerOf(consumerGroup);
    return consumer === undefined
      ? notMember(consumerGroup)
      : success(undefined, consumer.admin.runningInfo());
  }

  private async consumeMessageDirectly({
    header: { consumerGroup, brokerName = '' },
    body,
  }: Request<'CONSUME_MESSAGE_DIRECTLY'>): Promise<Response<'CONSUME_MESSAGE_DIRECTLY'>> {
    const consumer = this.instance.consumerOf(consumerGroup);
    if (consumer === undefined) return notMember(consumerGroup);
    const [message] = this.instance.decode(body);
    if (message === undefined) return failure(ResponseCode.SYSTEM_ERROR, 'the body is no message');
    message.brokerName = brokerName;
    return success(undefined, await consumer.admin.consumeMessageDirectly(message));
  }

  /** The broker need not care that nobody waits for a reply any more. */
  private receiveReplyMessage({
    header,
    body,
  }: Request<'PUSH_REPLY_MESSAGE_TO_CLIENT'>): Response<'PUSH_REPLY_MESSAGE_TO_CLIENT'> {
    const reply = replyMessage(header, body, this.instance.config.maxMessageSize);
    reply.putProperty(MessageConst.REPLY_MESSAGE_ARRIVE_TIME, String(this.instance.clock.now()));
    const correlationId = reply.getProperty(MessageConst.CORRELATION_ID) ?? '';
    if (!this.instance.requests.complete(correlationId, reply)) {
      this.instance.logger.warn(
        `A reply from ${header.bornHost} has no request that waits for it (any more), ` +
          `CorrelationId: ${JSON.stringify(correlationId.slice(0, 100))}`,
      );
    }
    return success(undefined, undefined);
  }
}

function notMember(group: string): RemotingResponse<never> {
  const remark = `The Consumer Group <${group}> not exist in this consumer`;
  return failure(ResponseCode.SYSTEM_ERROR, remark);
}
