import { retryTopicOf } from '../../../common/mix-all.js';
import type { Channel } from '../../../remoting/channel.js';
import type { Request, Response } from '../../../remoting/named-request.js';
import { success } from '../../../remoting/remoting-command.js';
import type { BrokerController } from '../broker-controller.js';

/** Keeps account of clients (ClientManageProcessor). */
export class ClientManageProcessor {
  constructor(private readonly broker: BrokerController) {}

  heartBeat({ body }: Request<'HEART_BEAT'>, channel: Channel): Response<'HEART_BEAT'> {
    for (const { groupName } of body.producerDataSet) {
      this.broker.producers.registerProducer(channel, body.clientID, groupName);
    }
    for (const data of body.consumerDataSet) {
      const group = this.broker.groups.findSubscriptionGroupConfig(data.groupName);
      if (group === undefined) continue;
      this.broker.topics.findOrCreate(retryTopicOf(data.groupName), group.retryQueueNums);
      this.broker.filters.register(data.groupName, data.subscriptionDataSet);
      this.broker.consumers.registerConsumer(channel, body.clientID, data);
    }
    return success(undefined, undefined);
  }

  unregisterClient(
    { header }: Request<'UNREGISTER_CLIENT'>,
    channel: Channel,
  ): Response<'UNREGISTER_CLIENT'> {
    if (header.producerGroup !== undefined) {
      this.broker.producers.unregisterProducer(channel, header.producerGroup);
    }
    if (header.consumerGroup !== undefined) {
      this.broker.consumers.unregisterConsumer(channel, header.consumerGroup);
    }
    return success(undefined, undefined);
  }
}
