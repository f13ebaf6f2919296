import type { MessageQueue } from '../../../common/message-queue.js';
import { PermName } from '../../../common/perm-name.js';
import { popRetryTopicV1Of } from '../../../common/mix-all.js';
import { topicNameFault } from '../../../common/topic-validator.js';
import type { QueryConsumeQueueBody } from '../../../remoting/body/query-consume-queue-body.js';
import type { TopicOffset } from '../../../remoting/body/topic-stats-table.js';
import type { CreateTopicRequestHeader } from '../../../remoting/header/create-topic-request-header.js';
import { failure, success, type RemotingResponse } from '../../../remoting/remoting-command.js';
import { ResponseCode } from '../../../remoting/response-code.js';
import type { BrokerController } from '../broker-controller.js';
import { alterAttributes } from '../topic/topic-attributes.js';
import { MAX_QUEUES, type TopicConfig } from '../../../remoting/body/topic-config.js';
import { noSuchTopic } from '../topic/topic-not-exist.js';
import { encodeTopicConfig } from '../topic/topic-config.js';
import { toFastjson, type FastjsonObject } from '../../../common/fastjson.js';
import type { Request, Response } from '../../../remoting/named-request.js';
import { QueueTurns } from './queue-turns.js';

const ALL_PERMISSIONS = PermName.PRIORITY | PermName.READ | PermName.WRITE | PermName.INHERIT;
const FILTER_TYPES = ['SINGLE_TAG', 'MULTI_TAG'];

/** Topics and their queues, for administrators (AdminBrokerProcessor). */
export class TopicAdminProcessor {
  constructor(private readonly broker: BrokerController) {}

  async updateAndCreateTopic({
    header,
  }: Request<'UPDATE_AND_CREATE_TOPIC'>): Promise<Response<'UPDATE_AND_CREATE_TOPIC'>> {
    const fault = this.refuseName(header.topic) ?? refuseFields(header);
    if (fault !== undefined) return fault;
    const { topics } = this.broker;
    const present = topics.selectTopicConfig(header.topic);
    const updated = updatedConfig(header, present);
    if (present === undefined || !isSameConfig(present, updated)) topics.update(updated);
    await topics.flush();
    await this.broker.whenRegistered();
    return success(undefined, undefined);
  }

  async deleteTopic({
    header: { topic },
  }: Request<'DELETE_TOPIC_IN_BROKER'>): Promise<Response<'DELETE_TOPIC_IN_BROKER'>> {
    const fault = this.refuseDeletion(topic);
    if (fault !== undefined) return fault;
    const { topics, offsets, requestModes } = this.broker;
    for (const retryTopic of this.popRetryTopicsOf(topic)) await this.broker.deleteTopic(retryTopic);
    await this.broker.deleteTopic(topic);
    await Promise.all([topics.flush(), offsets.flush(), requestModes.flush()]);
    return success(undefined, undefined);
  }

  /** What came back to groups that pop goes with the topic (clearRetryTopicWhenDeleteTopic). */
  private popRetryTopicsOf(topic: string): string[] {
    const { topics, offsets } = this.broker;
    const retryTopics = offsets.whichGroupByTopic(topic).map((group) => popRetryTopicV1Of(topic, group));
    return retryTopics.filter((retryTopic) => topics.selectTopicConfig(retryTopic) !== undefined);
  }

  getAllTopicConfig(): Response<'GET_ALL_TOPIC_CONFIG'> {
    return success(undefined, this.broker.topics.toTable());
  }

  getTopicConfig({ header: { topic } }: Request<'GET_TOPIC_CONFIG'>): Response<'GET_TOPIC_CONFIG'> {
    const config = this.broker.topics.selectTopicConfig(topic);
    return config === undefined ? noSuchTopic(topic) : success(undefined, config);
  }

  async getTopicStatsInfo({
    header: { topic },
  }: Request<'GET_TOPIC_STATS_INFO'>): Promise<Response<'GET_TOPIC_STATS_INFO'>> {
    const config = this.broker.topics.selectTopicConfig(topic);
    if (config === undefined) return noSuchTopic(topic);
    const offsetTable = new Map<MessageQueue, TopicOffset>();
    const queueNums = Math.max(config.writeQueueNums, config.readQueueNums);
    const turns = new QueueTurns(this.broker.clock);
    for (let queueId = 0; queueId < queueNums; queueId++) {
      await turns.next();
      const { brokerName } = this.broker.config;
      offsetTable.set({ topic, brokerName, queueId }, this.topicOffset(topic, queueId));
    }
    return success(undefined, { offsetTable, topicPutTps: this.broker.stats.topicPutTps(topic) });
  }

  getSystemTopicList(): Response<'GET_SYSTEM_TOPIC_LIST_FROM_BROKER'> {
    return success(undefined, { topicList: this.broker.topics.systemTopics() });
  }

  queryConsumeQueue({ header }: Request<'QUERY_CONSUME_QUEUE'>): Response<'QUERY_CONSUME_QUEUE'> {
    const { topic, queueId, index, count, consumerGroup } = header;
    const queue = this.broker.store.queryConsumeQueue(topic, queueId, index, count);
    if (queue === undefined) return failure(ResponseCode.SYSTEM_ERROR, `${queueId}@${topic} is not exist!`);
    const subscription =
      consumerGroup === undefined
        ? undefined
        : this.broker.consumers.findSubscriptionData(consumerGroup, topic);
    const isOffline = consumerGroup !== undefined && subscription === undefined;
    const body: QueryConsumeQueueBody = {
      ...(subscription === undefined ? {} : { subscriptionData: subscription }),
      ...(isOffline ? { filterData: `${consumerGroup}@${topic} is not online!` } : {}),
      queueData: queue.units.map(({ commitLogOffset, msgSize, tagsCode }) => ({
        physicOffset: commitLogOffset,
        physicSize: msgSize,
        tagsCode,
        eval:
          subscription !== undefined &&
          (subscription.codeSet.size === 0 || subscription.codeSet.has(tagsCode)),
      })),
      maxQueueIndex: queue.maxOffset,
      minQueueIndex: queue.minOffset,
    };
    return success(undefined, body);
  }

  private topicOffset(topic: string, queueId: number): TopicOffset {
    const { store } = this.broker;
    const maxOffset = store.getMaxOffsetInQueue(topic, queueId);
    const timestamp = maxOffset > 0 ? store.getMessageStoreTimestamp(topic, queueId, maxOffset - 1) : 0;
    const minOffset = store.getMinOffsetInQueue(topic, queueId);
    return { minOffset, maxOffset, lastUpdateTimestamp: timestamp };
  }

  private refuseName(topic: string): RemotingResponse<never> | undefined {
    const fault = topicNameFault(topic) ?? this.broker.directoryFault(topic);
    if (fault !== undefined) return failure(ResponseCode.INVALID_PARAMETER, fault);
    return this.refuseSystemTopic(topic);
  }

  /** A topic with a name that is no longer legal can still be deleted. */
  private refuseDeletion(topic: string): RemotingResponse<never> | undefined {
    if (topic.trim() === '') return failure(ResponseCode.INVALID_PARAMETER, 'The specified topic is blank.');
    return this.refuseSystemTopic(topic);
  }

  private refuseSystemTopic(topic: string): RemotingResponse<never> | undefined {
    if (!this.broker.topics.isSystemTopic(topic)) return undefined;
    return failure(ResponseCode.INVALID_PARAMETER, `The topic[${topic}] is conflict with system topic.`);
  }
}

function refuseFields(header: CreateTopicRequestHeader): RemotingResponse<never> | undefined {
  const { readQueueNums, writeQueueNums, perm, topicFilterType, attributes = '' } = header;
  for (const [name, count] of Object.entries({ readQueueNums, writeQueueNums })) {
    if (count >= 0 && count <= MAX_QUEUES) continue;
    const remark = `${name} is ${count}; allowed: 0 to ${MAX_QUEUES}`;
    return failure(ResponseCode.INVALID_PARAMETER, remark);
  }
  if (perm < 0 || perm > ALL_PERMISSIONS) {
    const remark = `perm is ${perm}; allowed: a sum of 4 (read), 2 (write), 1 (inherit) and 8`;
    return failure(ResponseCode.INVALID_PARAMETER, remark);
  }
  if (!FILTER_TYPES.includes(topicFilterType)) {
    const remark = `topicFilterType is ${topicFilterType}; allowed: ${FILTER_TYPES.join(', ')}`;
    return failure(ResponseCode.SYSTEM_ERROR, remark);
  }
  // As without `enableMixedMessageType`, which is Apache's default.
  if (!/\+message\.type=MIXED(,|$)/.test(attributes)) return undefined;
  return failure(ResponseCode.INVALID_PARAMETER, 'MIXED message type is not supported.');
}

function updatedConfig(header: CreateTopicRequestHeader, present: TopicConfig | undefined): TopicConfig {
  const { topic, readQueueNums, writeQueueNums, perm, topicFilterType, topicSysFlag, order } = header;
  const others = new Map(present?.others);
  const attributes = (others.get('attributes') ?? new Map()) as FastjsonObject;
  const isNew = present === undefined;
  const altered = alterAttributes(attributes, header.attributes ?? '', isNew) as FastjsonObject;
  others.set('attributes', altered);
  const fields = { readQueueNums, writeQueueNums, perm, topicFilterType, topicSysFlag, order };
  return { topicName: topic, ...fields, others };
}

/** Then nothing is changed, the version of the table neither. */
function isSameConfig(a: TopicConfig, b: TopicConfig): boolean {
  return toFastjson(encodeTopicConfig(a)) === toFastjson(encodeTopicConfig(b));
}
