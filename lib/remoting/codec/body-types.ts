import type { MessageQueue } from '../../common/message-queue.js';
import type { ConsumerData, HeartbeatData, ProducerData } from '../body/heartbeat-data.js';
import type { LockBatchRequestBody, LockBatchResponseBody } from '../body/lock-batch-body.js';
import type { SubscriptionData } from '../body/subscription-data.js';
import type { BrokerData, ClusterInfo, QueueData, TopicRouteData } from '../body/topic-route-data.js';
import {
  jsonBean,
  jsonEnum,
  jsonBoolean,
  jsonInteger,
  jsonVersion,
  jsonList,
  jsonMap,
  jsonMaybe,
  jsonOptional,
  jsonSet,
  jsonText,
  type JsonType,
} from './json-type.js';

const LAST_OFFSET = 'CONSUME_FROM_LAST_OFFSET';

export const consumeType = jsonEnum<ConsumerData['consumeType']>(
  ['CONSUME_ACTIVELY', 'CONSUME_PASSIVELY', 'CONSUME_POP'],
  'CONSUME_PASSIVELY',
);

export const messageModel = jsonEnum<ConsumerData['messageModel']>(
  ['BROADCASTING', 'CLUSTERING'],
  'CLUSTERING',
);

/** Java's clients treat the three deprecated ones as the first (RebalancePushImpl#computePullFromWhereWithException). */
export const consumeFromWhere = jsonEnum<ConsumerData['consumeFromWhere']>(
  [
    LAST_OFFSET,
    'CONSUME_FROM_LAST_OFFSET_AND_FROM_MIN_WHEN_BOOT_FIRST',
    'CONSUME_FROM_MIN_OFFSET',
    'CONSUME_FROM_MAX_OFFSET',
    'CONSUME_FROM_FIRST_OFFSET',
    'CONSUME_FROM_TIMESTAMP',
  ],
  LAST_OFFSET,
  {
    CONSUME_FROM_LAST_OFFSET_AND_FROM_MIN_WHEN_BOOT_FIRST: LAST_OFFSET,
    CONSUME_FROM_MIN_OFFSET: LAST_OFFSET,
    CONSUME_FROM_MAX_OFFSET: LAST_OFFSET,
  },
);

export const subscriptionData = jsonBean<SubscriptionData>(
  {
    topic: jsonText,
    subString: jsonText,
    tagsSet: jsonSet(jsonText),
    codeSet: jsonSet(jsonInteger),
    subVersion: jsonVersion,
    expressionType: jsonEnum<SubscriptionData['expressionType']>(['TAG', 'SQL92'], 'TAG'),
  },
  { classFilterMode: false },
);

const producerData = jsonBean<ProducerData>({ groupName: jsonText });

const consumerData = jsonBean<ConsumerData>({
  groupName: jsonText,
  consumeType,
  messageModel,
  consumeFromWhere,
  subscriptionDataSet: jsonList(subscriptionData),
  unitMode: jsonOptional(jsonBoolean, false),
});

/** A fingerprint of 0 says that this heartbeat is complete, and not one of version 2. */
export const heartbeatData: JsonType<HeartbeatData> = jsonBean<HeartbeatData>(
  {
    clientID: jsonText,
    producerDataSet: jsonList(producerData),
    consumerDataSet: jsonList(consumerData),
  },
  { heartbeatFingerprint: 0, withoutSub: false },
);

export const messageQueue = jsonBean<MessageQueue>({
  topic: jsonText,
  brokerName: jsonText,
  queueId: jsonInteger,
});

export const lockBatchRequestBody: JsonType<LockBatchRequestBody> = jsonBean<LockBatchRequestBody>(
  { consumerGroup: jsonText, clientId: jsonText, mqSet: jsonList(messageQueue) },
  { onlyThisBroker: false },
);

export const lockBatchResponseBody: JsonType<LockBatchResponseBody> = jsonBean<LockBatchResponseBody>({
  lockOKMQSet: jsonList(messageQueue),
});

export const consumerIdListBody = jsonBean<{ readonly consumerIdList: readonly string[] }>({
  consumerIdList: jsonList(jsonText),
});

const queueData = jsonBean<QueueData>({
  brokerName: jsonText,
  readQueueNums: jsonInteger,
  writeQueueNums: jsonInteger,
  perm: jsonInteger,
  // Name servers of 4.8 and older call it otherwise.
  topicSysFlag: jsonOptional(jsonInteger, 0),
});

const brokerData = jsonBean<BrokerData>(
  { cluster: jsonOptional(jsonText, ''), brokerName: jsonText, brokerAddrs: jsonMap(jsonInteger, jsonText) },
  { enableActingMaster: false },
);

/** Without the filter servers, which nobody has any more, Java's clients of 4.9 fail. */
export const topicRouteData: JsonType<TopicRouteData> = jsonBean<TopicRouteData>(
  {
    queueDatas: jsonList(queueData),
    brokerDatas: jsonList(brokerData),
    orderTopicConf: jsonMaybe(jsonText),
    topicQueueMappingByBroker: jsonMaybe(jsonMap(jsonText, jsonBean<object>({}))),
  },
  { filterServerTable: {} },
);

const brokerAddrTable = jsonBean<ClusterInfo>({ brokerAddrTable: jsonMap(jsonText, brokerData) });
const clusterAddrTable = jsonMap(jsonText, jsonList(jsonText));

/**
 * The names of the brokers of each cluster, which the bean has too, follow from the brokers. Broker ids stand bare for
 * everybody, as tools that are not written in Java expect it.
 */
export const clusterInfo: JsonType<ClusterInfo> = {
  read: (value, path) => brokerAddrTable.read(value, path),
  write(info) {
    const clusters = new Map<string, string[]>();
    for (const { cluster, brokerName } of info.brokerAddrTable.values()) {
      clusters.set(cluster, [...(clusters.get(cluster) ?? []), brokerName]);
    }
    const members = brokerAddrTable.write(info, false) as ReadonlyMap<string, never>;
    return new Map([...members, ['clusterAddrTable', clusterAddrTable.write(clusters, false) as never]]);
  },
};
