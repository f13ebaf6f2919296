import { retryTopicOf } from '../../../common/mix-all.js';
import type { RequestContext } from '../../../remoting/channel.js';
import { success, type RemotingRequest } from '../../../remoting/remoting-command.js';
import type { RequestCode } from '../../../remoting/request-code.js';
import type { BrokerController } from '../broker-controller.js';

/** Keeps account of clients (ClientManageProcessor). */
export class ClientManageProcessor {
  constructor(private readonly broker: BrokerController) {}

  heartBeat(
    { body }: RemotingRequest<typeof RequestCode.HEART_BEAT>,
    context: RequestContext<typeof RequestCode.HEART_BEAT>,
  ): void {
    for (const { groupName } of body.producerDataSet) {
      this.broker.producers.registerProducer(context.channel, body.clientID, groupName);
    }
    for (const data of body.consumerDataSet) {
      const group = this.broker.groups.findSubscriptionGroupConfig(data.groupName);
      if (group === undefined) continue;
      this.broker.topics.findOrCreate(retryTopicOf(data.groupName), group.retryQueueNums);
      this.broker.filters.register(data.groupName, data.subscriptionDataSet);
      this.broker.consumers.registerConsumer(context.channel, body.clientID, data);
    }
    context.reply(success(undefined, undefined));
  }

  unregisterClient(
    { header }: RemotingRequest<typeof RequestCode.UNREGISTER_CLIENT>,
    context: RequestContext<typeof RequestCode.UNREGISTER_CLIENT>,
  ): void {
    if (header.producerGroup !== undefined) {
      this.broker.producers.unregisterProducer(context.channel, header.producerGroup);
    }
    if (header.consumerGroup !== undefined) {
      this.broker.consumers.unregisterConsumer(context.channel, header.consumerGroup);
    }
    context.reply(success(undefined, undefined));
  }
}
