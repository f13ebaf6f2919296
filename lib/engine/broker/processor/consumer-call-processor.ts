import type { MessageQueue } from '../../../common/message-queue.js';
import { RemotingTimeoutError } from '../../../errors/remoting-timeout.error.js';
import type { Channel } from '../../../remoting/channel.js';
import {
  failure,
  success,
  type RemotingRequest,
  type RemotingResponse,
} from '../../../remoting/remoting-command.js';
import { RequestCode } from '../../../remoting/request-code.js';
import { ResponseCode } from '../../../remoting/response-code.js';
import type { BrokerController } from '../broker-controller.js';
import { lookMessageById } from '../look-message.js';
import type { Request, Response } from '../../../remoting/named-request.js';

/** Milliseconds that a consumer has to answer. */
const CALL_TIMEOUT = 10_000;
const STATUS_TIMEOUT = 5000;
/** The first release that answers, an ordinal of MQVersion (V3_1_8_SNAPSHOT). */
const MIN_VERSION = 62;

/** Hands questions of administrators on to consumers (AdminBrokerProcessor#callConsumer, Broker2Client). */
export class ConsumerCallProcessor {
  constructor(private readonly broker: BrokerController) {}

  getConsumerRunningInfo(
    request: Request<'GET_CONSUMER_RUNNING_INFO'>,
  ): Promise<Response<'GET_CONSUMER_RUNNING_INFO'>> {
    const { consumerGroup, clientId } = request.header;
    return this.callConsumer(request, consumerGroup, clientId);
  }

  /** The consumer gets the record itself, and some of what the broker knows. */
  async consumeMessageDirectly({
    header,
  }: Request<'CONSUME_MESSAGE_DIRECTLY'>): Promise<Response<'CONSUME_MESSAGE_DIRECTLY'>> {
    const { broker } = this;
    const { consumerGroup, clientId = '', msgId = '', topic = '' } = header;
    const record = lookMessageById(broker.store, msgId);
    if (record === undefined) {
      const remark = `no message has the offset message id ${JSON.stringify(msgId)}`;
      return failure(ResponseCode.SYSTEM_ERROR, remark);
    }
    const topicSysFlag = broker.topics.selectTopicConfig(topic)?.topicSysFlag ?? 0;
    const flags = { brokerName: broker.config.brokerName, topicSysFlag, groupSysFlag: 0 };
    const code = RequestCode.CONSUME_MESSAGE_DIRECTLY;
    return this.callConsumer(
      { code, header: { ...header, ...flags }, body: record },
      consumerGroup,
      clientId,
    );
  }

  /** The offsets that consumers have of a topic (Broker2Client#getConsumeStatus). */
  async getConsumerStatus({
    header,
  }: Request<'INVOKE_BROKER_TO_GET_CONSUMER_STATUS'>): Promise<
    Response<'INVOKE_BROKER_TO_GET_CONSUMER_STATUS'>
  > {
    const { group, clientAddr = '' } = header;
    const info = this.broker.consumers.getConsumerGroupInfo(group);
    if (info === undefined) {
      const remark = `No Any Consumer online in the consumer group: [${group}]`;
      return failure(ResponseCode.CONSUMER_NOT_ONLINE, remark);
    }
    const asked = [...info.channelsById()].filter(
      ([clientId]) => clientAddr === '' || clientAddr === clientId,
    );
    const request = { code: RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT, header, body: undefined };
    const consumerTable = new Map<string, ReadonlyMap<MessageQueue, number>>();
    const ask = async ([clientId, channel]: (typeof asked)[number]) => {
      const { body } = await invokeClient(channel, request, STATUS_TIMEOUT);
      if (body !== undefined) consumerTable.set(clientId, body.messageQueueTable);
    };
    // One that does not answer is left out, as Apache's broker does it.
    await Promise.all(asked.map((client) => ask(client).catch(() => {})));
    return success(undefined, { messageQueueTable: new Map(), consumerTable });
  }

  private async callConsumer<C extends RequestCode>(
    request: RemotingRequest<C>,
    group: string,
    clientId: string,
  ): Promise<RemotingResponse<C>> {
    const channel = this.broker.consumers.getConsumerGroupInfo(group)?.channelsById().get(clientId);
    const who = `<${group}> <${clientId}>`;
    if (channel === undefined) {
      return failure(ResponseCode.SYSTEM_ERROR, `The Consumer ${who} not online`);
    }
    if (channel.version < MIN_VERSION) {
      const remark = `The Consumer ${who} is too old (version ${channel.version}) to answer`;
      return failure(ResponseCode.SYSTEM_ERROR, remark);
    }
    try {
      return await invokeClient(channel, request, CALL_TIMEOUT);
    } catch (error) {
      if (error instanceof RemotingTimeoutError) {
        return failure(ResponseCode.CONSUME_MSG_TIMEOUT, `consumer ${who} Timeout: ${error.message}`);
      }
      return failure(ResponseCode.SYSTEM_ERROR, `invoke consumer ${who} Exception: ${String(error)}`);
    }
  }
}

function invokeClient<C extends RequestCode>(
  channel: Channel,
  request: RemotingRequest<C>,
  timeoutMillis: number,
): Promise<RemotingResponse<C>> {
  return new Promise((resolve, reject) =>
    channel.invoke<C>(request, timeoutMillis, { onResponse: resolve, onError: reject }),
  );
}
