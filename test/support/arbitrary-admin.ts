import fc from 'fast-check';
import type { AdminProtocol } from '../../lib/remoting/admin-protocol.js';
import { RequestCode } from '../../lib/remoting/request-code.js';
import type { Parts } from './arbitrary-commands.js';
import { bytes, few, int, long, mapOf, optionalText, queue, subscription, text } from './arbitrary-values.js';

const messageQueue = fc.record({ ...queue, brokerName: text });
const ratio = fc.double({ min: 0, max: 1e9, noNaN: true });
const flag = fc.boolean();
const queueMap = <V>(value: fc.Arbitrary<V>) =>
  fc
    .uniqueArray(fc.tuple(messageQueue, value), { maxLength: 4, selector: ([mq]) => JSON.stringify(mq) })
    .map((entries) => new Map(entries));
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const dataVersion = fc.record({ counter: long, stateVersion: long, timestamp: long });
const topicConfig = fc.record({
  topicName: text,
  readQueueNums: int,
  writeQueueNums: int,
  perm: int,
  topicFilterType: text,
  topicSysFlag: int,
  order: flag,
  others: mapOf(fc.constant('attributes'), mapOf(text, text)),
});
const groupConfig = fc.record({
  groupName: text,
  consumeEnable: flag,
  consumeBroadcastEnable: flag,
  retryQueueNums: int,
  retryMaxTimes: int,
  notifyConsumerIdsChangedEnable: flag,
  others: mapOf(fc.constantFrom('attributes', 'groupRetryPolicy'), mapOf(text, text)),
});
const topicStats = fc.record({
  offsetTable: queueMap(fc.record({ minOffset: long, maxOffset: long, lastUpdateTimestamp: long })),
  topicPutTps: ratio,
});
const consumeStats = fc.record({
  offsetTable: queueMap(
    fc.record({ brokerOffset: long, consumerOffset: long, pullOffset: long, lastTimestamp: long }),
  ),
  consumeTps: ratio,
});
const connection = fc.record({ clientId: text, clientAddr: text, language: text, version: int });
const producer = fc.record({
  clientId: text,
  remoteIP: text,
  language: text,
  version: int,
  lastUpdateTimestamp: long,
});
const processQueueInfo = fc.record({
  commitOffset: long,
  cachedMsgMinOffset: long,
  cachedMsgMaxOffset: long,
  cachedMsgCount: int,
  cachedMsgSizeInMiB: int,
  transactionMsgMinOffset: long,
  transactionMsgMaxOffset: long,
  transactionMsgCount: int,
  locked: flag,
  tryUnlockTimes: long,
  lastLockTimestamp: long,
  droped: flag,
  lastPullTimestamp: long,
  lastConsumeTimestamp: long,
});
const runningInfo = fc.record({
  properties: mapOf(text, text),
  subscriptionSet: few(subscription),
  mqTable: queueMap(processQueueInfo),
  mqPopTable: queueMap(fc.record({ waitAckCount: int, droped: flag, lastPopTimestamp: long })),
  statusTable: mapOf(
    text,
    fc.record({
      pullRT: ratio,
      pullTPS: ratio,
      consumeRT: ratio,
      consumeOKTPS: ratio,
      consumeFailedTPS: ratio,
      consumeFailedMsgs: long,
    }),
  ),
  userConsumerInfo: mapOf(text, text),
  jstack: optionalText,
});
const statsItem = fc.record({ sum: long, tps: ratio, avgpt: ratio });
const consumeQueue = fc.record({
  subscriptionData: maybe(subscription),
  filterData: optionalText,
  queueData: few(
    fc.record({ physicOffset: long, physicSize: int, tagsCode: long, eval: flag, msg: optionalText }),
  ),
  maxQueueIndex: long,
  minQueueIndex: long,
});
const timeSpan = fc.record({
  messageQueue,
  minTimeStamp: long,
  maxTimeStamp: long,
  consumeTimeStamp: long,
  delayTime: long,
});
const resetHeader = fc.record({
  topic: text,
  group: text,
  timestamp: long,
  isForce: flag,
  queueId: int,
  offset: long,
});
const statusHeader = fc.record({ topic: text, group: text, clientAddr: optionalText });
const status = fc.record({
  messageQueueTable: queueMap(long),
  consumerTable: mapOf(text, queueMap(long)),
});
const resetBody = fc.record({ offsetTable: queueMap(long) });
const topic = fc.record({ topic: text });
const group = fc.record({ group: text });
const consumerGroup = fc.record({ consumerGroup: text });
const topicAndGroup = fc.record({ topic: text, group: text });
const topicList = fc.record({ topicList: few(text), brokerAddr: optionalText });
const table = fc.record({ table: mapOf(text, text) });
const broker = fc.record({ brokerName: text });

export const ADMIN_PARTS: Readonly<Record<keyof AdminProtocol, Parts>> = {
  [RequestCode.UPDATE_AND_CREATE_TOPIC]: {
    header: fc.record({
      topic: text,
      defaultTopic: text,
      readQueueNums: int,
      writeQueueNums: int,
      perm: int,
      topicFilterType: text,
      topicSysFlag: int,
      order: flag,
      attributes: optionalText,
    }),
  },
  [RequestCode.DELETE_TOPIC_IN_BROKER]: { header: topic },
  [RequestCode.GET_ALL_TOPIC_CONFIG]: {
    answerBody: fc.record({ topicConfigTable: mapOf(text, topicConfig), dataVersion }),
  },
  [RequestCode.GET_TOPIC_CONFIG]: { header: topic, answerBody: topicConfig },
  [RequestCode.GET_TOPIC_STATS_INFO]: { header: topic, answerBody: topicStats },
  [RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_BROKER]: { answerBody: topicList },
  [RequestCode.UPDATE_BROKER_CONFIG]: { body: bytes },
  [RequestCode.GET_BROKER_CONFIG]: { answer: fc.record({ version: text }), answerBody: bytes },
  [RequestCode.GET_BROKER_RUNTIME_INFO]: { answerBody: table },
  [RequestCode.VIEW_BROKER_STATS_DATA]: {
    header: fc.record({ statsName: text, statsKey: text }),
    answerBody: fc.record({ statsMinute: statsItem, statsHour: statsItem, statsDay: statsItem }),
  },
  [RequestCode.CHECK_CLIENT_CONFIG]: {
    body: fc.record({ clientId: text, group: text, subscriptionData: subscription }),
  },
  [RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP]: { body: groupConfig },
  [RequestCode.DELETE_SUBSCRIPTIONGROUP]: { header: fc.record({ groupName: text, cleanOffset: flag }) },
  [RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG]: {
    answerBody: fc.record({
      subscriptionGroupTable: mapOf(text, groupConfig),
      forbiddenTable: mapOf(text, mapOf(text, int)),
      dataVersion,
    }),
  },
  [RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG]: { header: group, answerBody: groupConfig },
  [RequestCode.GET_CONSUMER_CONNECTION_LIST]: {
    header: consumerGroup,
    answerBody: fc.record({
      connectionSet: few(connection),
      subscriptionTable: mapOf(text, subscription),
      consumeType: fc.constantFrom('CONSUME_ACTIVELY', 'CONSUME_PASSIVELY', 'CONSUME_POP'),
      messageModel: fc.constantFrom('CLUSTERING', 'BROADCASTING'),
      consumeFromWhere: fc.constantFrom('CONSUME_FROM_LAST_OFFSET', 'CONSUME_FROM_FIRST_OFFSET'),
    }),
  },
  [RequestCode.GET_PRODUCER_CONNECTION_LIST]: {
    header: fc.record({ producerGroup: text }),
    answerBody: fc.record({ connectionSet: few(connection) }),
  },
  [RequestCode.GET_ALL_PRODUCER_INFO]: { answerBody: fc.record({ data: mapOf(text, few(producer)) }) },
  [RequestCode.GET_CONSUME_STATS]: {
    header: fc.record({ consumerGroup: text, topic: optionalText, topicList: optionalText }),
    answerBody: consumeStats,
  },
  [RequestCode.GET_BROKER_CONSUME_STATS]: {
    header: fc.record({ isOrder: flag }),
    answerBody: fc.record({
      consumeStatsList: few(mapOf(text, few(consumeStats))),
      brokerAddr: text,
      totalDiff: long,
      totalInflightDiff: long,
    }),
  },
  [RequestCode.QUERY_CONSUME_TIME_SPAN]: {
    header: topicAndGroup,
    answerBody: fc.record({ consumeTimeSpanSet: few(timeSpan) }),
  },
  [RequestCode.QUERY_TOPIC_CONSUME_BY_WHO]: {
    header: topic,
    answerBody: fc.record({ groupList: few(text) }),
  },
  [RequestCode.QUERY_TOPICS_BY_CONSUMER]: { header: group, answerBody: topicList },
  [RequestCode.QUERY_SUBSCRIPTION_BY_CONSUMER]: {
    header: topicAndGroup,
    answerBody: fc.record({ group: text, topic: text, subscriptionData: maybe(subscription) }),
  },
  [RequestCode.QUERY_CONSUME_QUEUE]: {
    header: fc.record({ ...queue, index: long, count: int, consumerGroup: optionalText }),
    answerBody: consumeQueue,
  },
  [RequestCode.CLONE_GROUP_OFFSET]: {
    header: fc.record({ srcGroup: text, destGroup: text, topic: optionalText, offline: flag }),
  },
  [RequestCode.INVOKE_BROKER_TO_RESET_OFFSET]: { header: resetHeader, answerBody: resetBody },
  [RequestCode.INVOKE_BROKER_TO_GET_CONSUMER_STATUS]: { header: statusHeader, answerBody: status },
  [RequestCode.RESET_CONSUMER_CLIENT_OFFSET]: { header: resetHeader, body: resetBody },
  [RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT]: { header: statusHeader, answerBody: status },
  [RequestCode.GET_CONSUMER_RUNNING_INFO]: {
    header: fc.record({ consumerGroup: text, clientId: text, jstackEnable: flag }),
    answerBody: runningInfo,
  },
  [RequestCode.CONSUME_MESSAGE_DIRECTLY]: {
    header: fc.record({
      consumerGroup: text,
      clientId: optionalText,
      msgId: optionalText,
      brokerName: optionalText,
      topic: optionalText,
      topicSysFlag: maybe(int),
      groupSysFlag: maybe(int),
    }),
    body: bytes,
    answerBody: fc.record({
      order: flag,
      autoCommit: flag,
      consumeResult: fc.constantFrom('CR_SUCCESS', 'CR_LATER', 'CR_THROW_EXCEPTION'),
      remark: optionalText,
      spentTimeMills: long,
    }),
  },
  [RequestCode.PUT_KV_CONFIG]: { header: fc.record({ namespace: text, key: text, value: text }) },
  [RequestCode.GET_KV_CONFIG]: {
    header: fc.record({ namespace: text, key: text }),
    answer: fc.record({ value: text }),
  },
  [RequestCode.DELETE_KV_CONFIG]: { header: fc.record({ namespace: text, key: text }) },
  [RequestCode.GET_KVLIST_BY_NAMESPACE]: { header: fc.record({ namespace: text }), answerBody: table },
  [RequestCode.WIPE_WRITE_PERM_OF_BROKER]: { header: broker, answer: fc.record({ wipeTopicCount: int }) },
  [RequestCode.ADD_WRITE_PERM_OF_BROKER]: { header: broker, answer: fc.record({ addTopicCount: int }) },
  [RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER]: { answerBody: topicList },
  [RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS]: { answerBody: topicList },
  [RequestCode.GET_TOPICS_BY_CLUSTER]: { header: fc.record({ cluster: text }), answerBody: topicList },
  [RequestCode.DELETE_TOPIC_IN_NAMESRV]: { header: fc.record({ topic: text, clusterName: optionalText }) },
  [RequestCode.GET_NAMESRV_CONFIG]: { answerBody: bytes },
};
