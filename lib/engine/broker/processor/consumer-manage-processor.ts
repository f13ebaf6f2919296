import type { RequestContext } from '../../../remoting/channel.js';
import { failure, success, type RemotingRequest } from '../../../remoting/remoting-command.js';
import type { RequestCode } from '../../../remoting/request-code.js';
import { ResponseCode } from '../../../remoting/response-code.js';
import type { BrokerController } from '../broker-controller.js';
import { MAX_QUEUES } from '../topic/topic-config.js';

/** Members and offsets of consumer groups (ConsumerManageProcessor). */
export class ConsumerManageProcessor {
  constructor(private readonly broker: BrokerController) {}

  getConsumerListByGroup(
    { header }: RemotingRequest<typeof RequestCode.GET_CONSUMER_LIST_BY_GROUP>,
    context: RequestContext<typeof RequestCode.GET_CONSUMER_LIST_BY_GROUP>,
  ): void {
    const info = this.broker.consumers.getConsumerGroupInfo(header.consumerGroup);
    if (info !== undefined) return context.reply(success(undefined, { consumerIdList: info.clientIds() }));
    context.reply(failure(ResponseCode.SYSTEM_ERROR, `no consumer for this group, ${header.consumerGroup}`));
  }

  /** A group without an offset in a queue that is still whole starts at its beginning (#queryConsumerOffset). */
  queryConsumerOffset(
    { header }: RemotingRequest<typeof RequestCode.QUERY_CONSUMER_OFFSET>,
    context: RequestContext<typeof RequestCode.QUERY_CONSUMER_OFFSET>,
  ): void {
    const { consumerGroup, topic, queueId } = header;
    const { store, offsets } = this.broker;
    const stored = offsets.queryOffset(consumerGroup, topic, queueId);
    if (stored !== undefined) return context.reply(success({ offset: stored }, undefined));
    const isYoung =
      store.getMinOffsetInQueue(topic, queueId) <= 0 && store.isFirstMessageInMemory(topic, queueId);
    if (isYoung) return context.reply(success({ offset: 0 }, undefined));
    const remark = 'Not found, V3_0_6_SNAPSHOT maybe this group consumer boot first';
    context.reply(failure(ResponseCode.QUERY_NOT_FOUND, remark));
  }

  updateConsumerOffset(
    { header }: RemotingRequest<typeof RequestCode.UPDATE_CONSUMER_OFFSET>,
    context: RequestContext<typeof RequestCode.UPDATE_CONSUMER_OFFSET>,
  ): void {
    const { consumerGroup, topic, queueId, commitOffset } = header;
    if (!this.broker.groups.containsSubscriptionGroup(consumerGroup)) {
      const remark = `Group ${consumerGroup} not exist!`;
      return context.reply(failure(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, remark));
    }
    if (this.broker.topics.selectTopicConfig(topic) === undefined) {
      return context.reply(failure(ResponseCode.TOPIC_NOT_EXIST, `Topic ${topic} not exist!`));
    }
    if (!Number.isSafeInteger(commitOffset) || commitOffset < 0 || queueId < 0 || queueId >= MAX_QUEUES) {
      const remark = `illegal offset ${commitOffset} of queue ${queueId}`;
      return context.reply(failure(ResponseCode.INVALID_PARAMETER, remark));
    }
    this.broker.offsets.commitOffset(consumerGroup, topic, queueId, commitOffset);
    context.reply(success(undefined, undefined));
  }
}
