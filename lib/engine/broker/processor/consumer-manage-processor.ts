import type { Request, Response } from '../../../remoting/named-request.js';
import { failure, success } from '../../../remoting/remoting-command.js';
import { ResponseCode } from '../../../remoting/response-code.js';
import type { BrokerController } from '../broker-controller.js';
import type { TopicConfig } from '../../../remoting/body/topic-config.js';

/** Members and offsets of consumer groups (ConsumerManageProcessor). */
export class ConsumerManageProcessor {
  constructor(private readonly broker: BrokerController) {}

  getConsumerListByGroup({
    header,
  }: Request<'GET_CONSUMER_LIST_BY_GROUP'>): Response<'GET_CONSUMER_LIST_BY_GROUP'> {
    const info = this.broker.consumers.getConsumerGroupInfo(header.consumerGroup);
    if (info !== undefined) return success(undefined, { consumerIdList: info.clientIds() });
    return failure(ResponseCode.SYSTEM_ERROR, `no consumer for this group, ${header.consumerGroup}`);
  }

  /** A group without an offset in a queue that is still whole starts at its beginning (#queryConsumerOffset). */
  queryConsumerOffset({ header }: Request<'QUERY_CONSUMER_OFFSET'>): Response<'QUERY_CONSUMER_OFFSET'> {
    const { consumerGroup, topic, queueId } = header;
    const { store, offsets } = this.broker;
    const stored = offsets.queryOffset(consumerGroup, topic, queueId);
    if (stored !== undefined) return success({ offset: stored }, undefined);
    const isYoung =
      store.getMinOffsetInQueue(topic, queueId) <= 0 && store.isFirstMessageInMemory(topic, queueId);
    if (isYoung) return success({ offset: 0 }, undefined);
    const remark = 'Not found, V3_0_6_SNAPSHOT maybe this group consumer boot first';
    return failure(ResponseCode.QUERY_NOT_FOUND, remark);
  }

  updateConsumerOffset({ header }: Request<'UPDATE_CONSUMER_OFFSET'>): Response<'UPDATE_CONSUMER_OFFSET'> {
    const { consumerGroup, topic, queueId, commitOffset } = header;
    if (!this.broker.groups.containsSubscriptionGroup(consumerGroup)) {
      const remark = `Group ${consumerGroup} not exist!`;
      return failure(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, remark);
    }
    const config = this.broker.topics.selectTopicConfig(topic);
    if (config === undefined) return failure(ResponseCode.TOPIC_NOT_EXIST, `Topic ${topic} not exist!`);
    const isOffset = Number.isSafeInteger(commitOffset) && commitOffset >= 0;
    if (!isOffset || !this.hasQueue(consumerGroup, config, queueId)) {
      const remark = `illegal offset ${commitOffset} of queue ${queueId}`;
      return failure(ResponseCode.INVALID_PARAMETER, remark);
    }
    this.broker.offsets.commitOffset(consumerGroup, topic, queueId, commitOffset);
    return success(undefined, undefined);
  }

  /** The topic may have had more queues when the group got this one. */
  private hasQueue(
    group: string,
    { topicName, readQueueNums, writeQueueNums }: TopicConfig,
    queueId: number,
  ): boolean {
    const isOfTopic = queueId >= 0 && queueId < Math.max(readQueueNums, writeQueueNums);
    return isOfTopic || this.broker.offsets.queryOffset(group, topicName, queueId) !== undefined;
  }
}
