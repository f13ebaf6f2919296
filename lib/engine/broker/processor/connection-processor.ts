import { failure, success } from '../../../remoting/remoting-command.js';
import { ResponseCode } from '../../../remoting/response-code.js';
import type { BrokerController } from '../broker-controller.js';
import { connectionsOf } from '../client/client-channel-info.js';
import type { Request, Response } from '../../../remoting/named-request.js';

/** Who is connected, for administrators (AdminBrokerProcessor). */
export class ConnectionProcessor {
  constructor(private readonly broker: BrokerController) {}

  getConsumerConnectionList({
    header: { consumerGroup },
  }: Request<'GET_CONSUMER_CONNECTION_LIST'>): Response<'GET_CONSUMER_CONNECTION_LIST'> {
    const info = this.broker.consumers.getConsumerGroupInfo(consumerGroup);
    if (info === undefined) {
      const remark = `the consumer group[${consumerGroup}] not online`;
      return failure(ResponseCode.CONSUMER_NOT_ONLINE, remark);
    }
    const { subscriptions: subscriptionTable, consumeType, messageModel, consumeFromWhere } = info;
    const connectionSet = connectionsOf(info.clients);
    return success(undefined, {
      connectionSet,
      subscriptionTable,
      consumeType,
      messageModel,
      consumeFromWhere,
    });
  }

  getProducerConnectionList({
    header: { producerGroup },
  }: Request<'GET_PRODUCER_CONNECTION_LIST'>): Response<'GET_PRODUCER_CONNECTION_LIST'> {
    const clients = this.broker.producers.clientsOf(producerGroup);
    if (clients !== undefined) return success(undefined, { connectionSet: connectionsOf(clients) });
    const remark = `the producer group[${producerGroup}] not exist`;
    return failure(ResponseCode.SYSTEM_ERROR, remark);
  }

  getAllProducerInfo(): Response<'GET_ALL_PRODUCER_INFO'> {
    return success(undefined, { data: this.broker.producers.toTable() });
  }
}
