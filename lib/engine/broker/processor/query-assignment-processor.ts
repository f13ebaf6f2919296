import { allocateMessageQueueAveragely } from '../../../common/allocate/allocate-message-queue-averagely.js';
import { allocateMessageQueueAveragelyByCircle } from '../../../common/allocate/allocate-message-queue-averagely-by-circle.js';
import { compareMessageQueues, type MessageQueue } from '../../../common/message-queue.js';
import { isRetryTopic } from '../../../common/mix-all.js';
import type {
  QueryAssignmentRequestBody,
  SetMessageRequestModeRequestBody,
} from '../../../remoting/body/query-assignment.js';
import { subscribeQueuesOf } from '../../../remoting/body/subscribe-queues.js';
import type { Request, Response } from '../../../remoting/named-request.js';
import { failure, success } from '../../../remoting/remoting-command.js';
import { ResponseCode } from '../../../remoting/response-code.js';
import type { BrokerController, BrokerOptions } from '../broker-controller.js';
import { noSuchTopic } from '../topic/topic-not-exist.js';
import { allocateForPop } from '../loadbalance/allocate-for-pop.js';

const STRATEGIES = new Map(
  [allocateMessageQueueAveragely, allocateMessageQueueAveragelyByCircle].map((strategy) => [
    strategy.name,
    strategy,
  ]),
);

/** Shares queues out to consumers that do not do it themselves (QueryAssignmentProcessor). */
export class QueryAssignmentProcessor {
  constructor(
    private readonly broker: BrokerController,
    private readonly routeOf: BrokerOptions['routeOf'],
  ) {}

  /** An answer without assignments leaves the consumer with those that it has. */
  async queryAssignment({ body }: Request<'QUERY_ASSIGNMENT'>): Promise<Response<'QUERY_ASSIGNMENT'>> {
    const config = this.requestModeOf(body);
    const route = await this.routeOf(body.topic);
    const mqAll = route && subscribeQueuesOf(body.topic, route).toSorted(compareMessageQueues);
    const queues = mqAll && this.share(body, mqAll, config);
    if (queues === undefined) return success(undefined, {});
    const { mode } = config;
    const messageQueueAssignments = queues.map((messageQueue) => ({ messageQueue, mode }));
    return success(undefined, { messageQueueAssignments });
  }

  async setMessageRequestMode({
    body,
  }: Request<'SET_MESSAGE_REQUEST_MODE'>): Promise<Response<'SET_MESSAGE_REQUEST_MODE'>> {
    const { topic, consumerGroup } = body;
    if (isRetryTopic(topic)) {
      return failure(ResponseCode.NO_PERMISSION, 'retry topic is not allowed to set mode');
    }
    if (this.broker.topics.selectTopicConfig(topic) === undefined) return noSuchTopic(topic);
    if (this.broker.groups.findSubscriptionGroupConfig(consumerGroup) === undefined) {
      return failure(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, 'subscription group does not exist');
    }
    await this.broker.requestModes.set(body);
    // Otherwise they would ask again some time, as with Apache's broker.
    this.broker.consumers.onTopicChanged(topic);
    return success(undefined, undefined);
  }

  /** What was set for topic and group, else what is usual in this broker; retry topics are always pulled from. */
  private requestModeOf({
    topic,
    consumerGroup,
  }: QueryAssignmentRequestBody): SetMessageRequestModeRequestBody {
    const { defaultMessageRequestMode, defaultPopShareQueueNum } = this.broker.config;
    const mode = isRetryTopic(topic) ? 'PULL' : defaultMessageRequestMode;
    const usual = { topic, consumerGroup, mode, popShareQueueNum: defaultPopShareQueueNum };
    return this.broker.requestModes.get(topic, consumerGroup) ?? usual;
  }

  /** Undefined when it cannot be said (#doLoadBalance): the group has no member yet, or the strategy is not one of these. */
  private share(
    { consumerGroup, clientId, messageModel, strategyName }: QueryAssignmentRequestBody,
    mqAll: readonly MessageQueue[],
    { mode, popShareQueueNum }: SetMessageRequestModeRequestBody,
  ): readonly MessageQueue[] | undefined {
    if (messageModel === 'BROADCASTING' || !this.broker.config.serverLoadBalancerEnable) return mqAll;
    const cidAll = this.broker.consumers.getConsumerGroupInfo(consumerGroup)?.clientIds().toSorted();
    const strategy = STRATEGIES.get(strategyName);
    if (cidAll === undefined || strategy === undefined || mqAll.length === 0) return undefined;
    if (mode === 'PULL') return strategy.allocate(clientId, mqAll, cidAll);
    return allocateForPop(strategy, clientId, mqAll, cidAll, popShareQueueNum);
  }
}
