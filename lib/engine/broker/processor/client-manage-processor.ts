import { LimitedLogger } from '../../../common/limited-logger.js';
import { retryTopicOf } from '../../../common/mix-all.js';
import { groupNameFault } from '../../../common/topic-validator.js';
import type { ProducerData, ConsumerData } from '../../../remoting/body/heartbeat-data.js';
import type { Channel } from '../../../remoting/channel.js';
import type { Request, Response } from '../../../remoting/named-request.js';
import { success } from '../../../remoting/remoting-command.js';
import type { BrokerController } from '../broker-controller.js';

/** Characters of a client's id that are logged. */
const MAX_SHOWN = 255;

/** Keeps account of clients (ClientManageProcessor). */
export class ClientManageProcessor {
  private readonly limited: LimitedLogger;

  constructor(private readonly broker: BrokerController) {
    this.limited = new LimitedLogger(broker.logger, broker.clock);
  }

  heartBeat({ body }: Request<'HEART_BEAT'>, channel: Channel): Response<'HEART_BEAT'> {
    const { clientID, producerDataSet, consumerDataSet } = body;
    for (const data of producerDataSet) this.registerProducer(channel, clientID, data);
    // Each time that a group is named all its members may be told.
    const consumers = new Map(consumerDataSet.map((data) => [data.groupName, data]));
    for (const data of consumers.values()) this.registerConsumer(channel, clientID, data);
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

  private registerProducer(channel: Channel, clientId: string, { groupName }: ProducerData): void {
    const { producers } = this.broker;
    const refusal = groupNameFault(groupName) ?? producers.refusalOf(channel, groupName);
    if (refusal !== undefined) return this.noteRefused('producer', groupName, clientId, refusal);
    producers.registerProducer(channel, clientId, groupName);
  }

  private registerConsumer(channel: Channel, clientId: string, data: ConsumerData): void {
    const { consumers, filters, groups, topics } = this.broker;
    const { groupName, subscriptionDataSet } = data;
    const refusal = consumers.refusalOf(channel, groupName);
    if (refusal !== undefined) return this.noteRefused('consumer', groupName, clientId, refusal);
    const group = groups.findSubscriptionGroupConfig(groupName);
    if (group === undefined) return;
    const retryTopic = retryTopicOf(groupName);
    const fault = this.broker.directoryFault(retryTopic);
    if (fault !== undefined) return this.noteRefused('consumer', groupName, clientId, fault);
    topics.findOrCreate(retryTopic, group.retryQueueNums);
    // What is noted is kept beyond the life of the group.
    filters.register(
      groupName,
      subscriptionDataSet.filter(({ topic }) => topics.selectTopicConfig(topic) !== undefined),
    );
    consumers.registerConsumer(channel, clientId, data);
  }

  /** A heartbeat comes again and again, and can have any number of groups. */
  private noteRefused(kind: string, group: string, clientId: string, reason: string): void {
    const [shownGroup, shownId] = [group, clientId].map((text) => JSON.stringify(text.slice(0, MAX_SHOWN)));
    this.limited.warn(
      `The ${kind} group ${shownGroup} of client ${shownId} is not taken in: ${reason.slice(0, MAX_SHOWN)}`,
    );
  }
}
