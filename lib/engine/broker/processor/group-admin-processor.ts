import { sql92Fault } from '../../../common/filter/sql-filter.js';
import { groupNameFault } from '../../../common/topic-validator.js';
import { MAX_QUEUES } from '../../../remoting/body/topic-config.js';
import { failure, success } from '../../../remoting/remoting-command.js';
import { ResponseCode } from '../../../remoting/response-code.js';
import type { BrokerController } from '../broker-controller.js';
import { filterNotSupported } from '../filter/filter-not-supported.js';
import type { Request, Response } from '../../../remoting/named-request.js';

/** Consumer groups and their topics, for administrators (AdminBrokerProcessor). */
export class GroupAdminProcessor {
  constructor(private readonly broker: BrokerController) {}

  async updateAndCreateSubscriptionGroup({
    body,
  }: Request<'UPDATE_AND_CREATE_SUBSCRIPTIONGROUP'>): Promise<
    Response<'UPDATE_AND_CREATE_SUBSCRIPTIONGROUP'>
  > {
    const { groups } = this.broker;
    const { groupName, retryQueueNums } = body;
    const fault = groupNameFault(groupName);
    if (fault !== undefined) return failure(ResponseCode.INVALID_PARAMETER, fault);
    if (retryQueueNums < 0 || retryQueueNums > MAX_QUEUES) {
      const remark = `retryQueueNums is ${retryQueueNums}; allowed: 0 to ${MAX_QUEUES}`;
      return failure(ResponseCode.INVALID_PARAMETER, remark);
    }
    groups.update(body);
    await groups.flush();
    return success(undefined, undefined);
  }

  async deleteSubscriptionGroup({
    header: { groupName, cleanOffset },
  }: Request<'DELETE_SUBSCRIPTIONGROUP'>): Promise<Response<'DELETE_SUBSCRIPTIONGROUP'>> {
    const { groups, offsets, stats, requestModes } = this.broker;
    groups.delete(groupName);
    requestModes.removeGroup(groupName);
    stats.onGroupDeleted(groupName);
    if (cleanOffset) offsets.removeGroup(groupName);
    await Promise.all([groups.flush(), offsets.flush(), requestModes.flush()]);
    return success(undefined, undefined);
  }

  getAllSubscriptionGroup(): Response<'GET_ALL_SUBSCRIPTIONGROUP_CONFIG'> {
    return success(undefined, this.broker.groups.toTable());
  }

  /** A group that does not exist is created, as Apache's broker does it. */
  getSubscriptionGroup({
    header: { group },
  }: Request<'GET_SUBSCRIPTIONGROUP_CONFIG'>): Response<'GET_SUBSCRIPTIONGROUP_CONFIG'> {
    const config = this.broker.groups.findSubscriptionGroupConfig(group);
    if (config !== undefined) return success(undefined, config);
    const remark = `subscription group [${group}] not exist`;
    return failure(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, remark);
  }

  queryTopicConsumeByWho({
    header: { topic },
  }: Request<'QUERY_TOPIC_CONSUME_BY_WHO'>): Response<'QUERY_TOPIC_CONSUME_BY_WHO'> {
    const { consumers, offsets } = this.broker;
    const groups = new Set([...consumers.queryTopicConsumeByWho(topic), ...offsets.whichGroupByTopic(topic)]);
    return success(undefined, { groupList: [...groups] });
  }

  queryTopicsByConsumer({
    header: { group },
  }: Request<'QUERY_TOPICS_BY_CONSUMER'>): Response<'QUERY_TOPICS_BY_CONSUMER'> {
    const { brokerAddr, offsets } = this.broker;
    return success(undefined, { topicList: offsets.whichTopicByConsumer(group), brokerAddr });
  }

  querySubscriptionByConsumer({
    header: { group, topic },
  }: Request<'QUERY_SUBSCRIPTION_BY_CONSUMER'>): Response<'QUERY_SUBSCRIPTION_BY_CONSUMER'> {
    const subscriptionData = this.broker.consumers.findSubscriptionData(group, topic);
    return success(undefined, {
      group,
      topic,
      ...(subscriptionData === undefined ? {} : { subscriptionData }),
    });
  }

  /** Whether the broker can carry out what a consumer subscribes to (ClientManageProcessor#checkClientConfig). */
  checkClientConfig({ body }: Request<'CHECK_CLIENT_CONFIG'>): Response<'CHECK_CLIENT_CONFIG'> {
    const { expressionType, subString } = body.subscriptionData;
    if (expressionType === 'TAG') return success(undefined, undefined);
    if (!this.broker.config.enablePropertyFilter) return filterNotSupported(expressionType);
    const fault = sql92Fault(subString);
    return fault === undefined
      ? success(undefined, undefined)
      : failure(ResponseCode.SUBSCRIPTION_PARSE_FAILED, fault);
  }
}
