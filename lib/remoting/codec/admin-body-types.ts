import type { FastjsonObject } from '../../common/fastjson.js';
import type { StatsSnapshot } from '../../common/stats/stats-item.js';
import type { BrokerStatsData } from '../body/broker-stats-data.js';
import type { CheckClientRequestBody, QuerySubscriptionBody } from '../body/check-client-request-body.js';
import type { Connection, ConsumerConnection, ProducerConnection, ProducerInfo } from '../body/connection.js';
import type { CMResult, ConsumeMessageDirectlyResult } from '../body/consume-message-directly-result.js';
import type {
  ConsumerRunningInfo,
  ConsumeStatus,
  PopProcessQueueInfo,
  ProcessQueueInfo,
} from '../body/consumer-running-info.js';
import type { ConsumeStats, ConsumeStatsList, OffsetWrapper, QueueTimeSpan } from '../body/consume-stats.js';
import type { ConsumeQueueData, QueryConsumeQueueBody } from '../body/query-consume-queue-body.js';
import type { GetConsumerStatusBody, ResetOffsetBody } from '../body/reset-offset-body.js';
import type { SubscriptionGroupConfig, SubscriptionGroupTable } from '../body/subscription-group-config.js';
import type { TopicConfig, TopicConfigTable } from '../body/topic-config.js';
import type { GroupList, KVTable, TopicList } from '../body/topic-list.js';
import type { TopicOffset, TopicStatsTable } from '../body/topic-stats-table.js';
import { consumeFromWhere, consumeType, messageModel, messageQueue, subscriptionData } from './body-types.js';
import {
  jsonBean,
  jsonBoolean,
  jsonEnum,
  jsonInteger,
  jsonList,
  jsonMap,
  jsonMaybe,
  jsonNumber,
  jsonObjectMap,
  jsonOpenBean,
  jsonOptional,
  jsonText,
  type JsonType,
} from './json-type.js';
import { dataVersion, topicConfigMembers } from './topic-config-types.js';

const count = jsonOptional(jsonInteger, 0);
const ratio = jsonOptional(jsonNumber, 0);
const flag = jsonOptional(jsonBoolean, false);
const enabled = jsonOptional(jsonBoolean, true);
const texts = jsonMap(jsonText, jsonText);

export const topicConfig: JsonType<TopicConfig> = jsonOpenBean<TopicConfig>(topicConfigMembers, [
  'attributes',
]);

/** Static topics, which the mappings are for, there are none. */
export const topicConfigTable = jsonBean<TopicConfigTable>(
  { topicConfigTable: jsonMap(jsonText, topicConfig), dataVersion },
  { topicQueueMappingDetailMap: {}, topicQueueMappingInfoMap: {} },
);

/** What Apache's broker has besides in a group, and this one only keeps. */
const GROUP_MEMBERS = [
  'attributes',
  'brokerId',
  'consumeFromMinEnable',
  'consumeMessageOrderly',
  'consumeTimeoutMinute',
  'groupRetryPolicy',
  'groupSysFlag',
  'subscriptionDataSet',
  'whichBrokerWhenConsumeSlowly',
];

export const subscriptionGroupConfig: JsonType<SubscriptionGroupConfig> =
  jsonOpenBean<SubscriptionGroupConfig>(
    {
      groupName: jsonText,
      consumeEnable: enabled,
      consumeBroadcastEnable: enabled,
      retryQueueNums: jsonOptional(jsonInteger, 1),
      retryMaxTimes: jsonOptional(jsonInteger, 16),
      notifyConsumerIdsChangedEnable: enabled,
    },
    GROUP_MEMBERS,
  );

const anyObject: JsonType<FastjsonObject> = {
  read: (value) => (value instanceof Map ? value : new Map()),
  write: (value) => value,
};

export const subscriptionGroupTable = jsonBean<SubscriptionGroupTable>({
  subscriptionGroupTable: jsonMap(jsonText, subscriptionGroupConfig),
  forbiddenTable: anyObject,
  dataVersion,
});

const topicOffset = jsonBean<TopicOffset>({
  minOffset: jsonInteger,
  maxOffset: jsonInteger,
  lastUpdateTimestamp: jsonInteger,
});

export const topicStatsTable = jsonBean<TopicStatsTable>({
  offsetTable: jsonObjectMap(messageQueue, topicOffset),
  topicPutTps: ratio,
});

const offsetWrapper = jsonBean<OffsetWrapper>({
  brokerOffset: jsonInteger,
  consumerOffset: jsonInteger,
  pullOffset: count,
  lastTimestamp: jsonInteger,
});

export const consumeStats = jsonBean<ConsumeStats>({
  offsetTable: jsonObjectMap(messageQueue, offsetWrapper),
  consumeTps: ratio,
});

export const consumeStatsList = jsonBean<ConsumeStatsList>({
  consumeStatsList: jsonList(jsonMap(jsonText, jsonList(consumeStats))),
  brokerAddr: jsonText,
  totalDiff: jsonInteger,
  totalInflightDiff: count,
});

const queueTimeSpan = jsonBean<QueueTimeSpan>({
  messageQueue,
  minTimeStamp: jsonInteger,
  maxTimeStamp: jsonInteger,
  consumeTimeStamp: jsonInteger,
  delayTime: jsonInteger,
});

export const consumeTimeSpan = jsonBean<{ readonly consumeTimeSpanSet: readonly QueueTimeSpan[] }>({
  consumeTimeSpanSet: jsonList(queueTimeSpan),
});

const connection = jsonBean<Connection>({
  clientId: jsonText,
  clientAddr: jsonText,
  language: jsonOptional(jsonText, 'OTHER'),
  version: count,
});

export const consumerConnection = jsonBean<ConsumerConnection>({
  connectionSet: jsonList(connection),
  subscriptionTable: jsonMap(jsonText, subscriptionData),
  consumeType,
  messageModel,
  consumeFromWhere,
});

export const producerConnection = jsonBean<ProducerConnection>({ connectionSet: jsonList(connection) });

const producerInfo = jsonBean<ProducerInfo>({
  clientId: jsonText,
  remoteIP: jsonText,
  language: jsonOptional(jsonText, 'OTHER'),
  version: count,
  lastUpdateTimestamp: jsonInteger,
});

export const producerTableInfo = jsonBean<{ readonly data: ReadonlyMap<string, readonly ProducerInfo[]> }>({
  data: jsonMap(jsonText, jsonList(producerInfo)),
});

const processQueueInfo = jsonBean<ProcessQueueInfo>({
  commitOffset: count,
  cachedMsgMinOffset: count,
  cachedMsgMaxOffset: count,
  cachedMsgCount: count,
  cachedMsgSizeInMiB: count,
  transactionMsgMinOffset: count,
  transactionMsgMaxOffset: count,
  transactionMsgCount: count,
  locked: flag,
  tryUnlockTimes: count,
  lastLockTimestamp: count,
  droped: flag,
  lastPullTimestamp: count,
  lastConsumeTimestamp: count,
});

const popProcessQueueInfo = jsonBean<PopProcessQueueInfo>({
  waitAckCount: count,
  droped: flag,
  lastPopTimestamp: count,
});

const consumeStatus = jsonBean<ConsumeStatus>({
  pullRT: ratio,
  pullTPS: ratio,
  consumeRT: ratio,
  consumeOKTPS: ratio,
  consumeFailedTPS: ratio,
  consumeFailedMsgs: count,
});

export const consumerRunningInfo = jsonBean<ConsumerRunningInfo>({
  properties: texts,
  subscriptionSet: jsonList(subscriptionData),
  mqTable: jsonObjectMap(messageQueue, processQueueInfo),
  mqPopTable: jsonObjectMap(messageQueue, popProcessQueueInfo),
  statusTable: jsonMap(jsonText, consumeStatus),
  userConsumerInfo: texts,
  jstack: jsonMaybe(jsonText),
});

export const consumeMessageDirectlyResult = jsonBean<ConsumeMessageDirectlyResult>({
  order: flag,
  autoCommit: enabled,
  consumeResult: jsonEnum<CMResult>(
    ['CR_SUCCESS', 'CR_LATER', 'CR_ROLLBACK', 'CR_COMMIT', 'CR_THROW_EXCEPTION', 'CR_RETURN_NULL'],
    'CR_RETURN_NULL',
  ),
  remark: jsonMaybe(jsonText),
  spentTimeMills: count,
});

const offsetTable = jsonObjectMap(messageQueue, jsonInteger);

export const resetOffsetBody = jsonBean<ResetOffsetBody>({ offsetTable });

export const consumerStatusBody = jsonBean<GetConsumerStatusBody>({
  messageQueueTable: offsetTable,
  consumerTable: jsonMap(jsonText, offsetTable),
});

const brokerStatsItem = jsonBean<StatsSnapshot>({ sum: count, tps: ratio, avgpt: ratio });

export const brokerStatsData = jsonBean<BrokerStatsData>({
  statsMinute: brokerStatsItem,
  statsHour: brokerStatsItem,
  statsDay: brokerStatsItem,
});

const consumeQueueData = jsonBean<ConsumeQueueData>({
  physicOffset: jsonInteger,
  physicSize: jsonInteger,
  tagsCode: jsonInteger,
  eval: flag,
  msg: jsonMaybe(jsonText),
});

export const queryConsumeQueueBody = jsonBean<QueryConsumeQueueBody>({
  subscriptionData: jsonMaybe(subscriptionData),
  filterData: jsonMaybe(jsonText),
  queueData: jsonList(consumeQueueData),
  maxQueueIndex: jsonInteger,
  minQueueIndex: jsonInteger,
});

export const topicList = jsonBean<TopicList>({
  topicList: jsonList(jsonText),
  brokerAddr: jsonMaybe(jsonText),
});

export const groupList = jsonBean<GroupList>({ groupList: jsonList(jsonText) });

export const kvTable = jsonBean<KVTable>({ table: texts });

export const checkClientRequestBody = jsonBean<CheckClientRequestBody>({
  clientId: jsonOptional(jsonText, ''),
  group: jsonOptional(jsonText, ''),
  subscriptionData,
});

export const querySubscriptionBody = jsonBean<QuerySubscriptionBody>({
  group: jsonText,
  topic: jsonText,
  subscriptionData: jsonMaybe(subscriptionData),
});
