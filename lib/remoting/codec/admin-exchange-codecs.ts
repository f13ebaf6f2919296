import type { AdminProtocol } from '../admin-protocol.js';
import type { RequestHeader, ResponseHeader } from '../remoting-protocol.js';
import { RequestCode } from '../request-code.js';
import {
  brokerStatsData,
  checkClientRequestBody,
  consumeMessageDirectlyResult,
  consumerConnection,
  consumerRunningInfo,
  consumerStatusBody,
  consumeStats,
  consumeStatsList,
  consumeTimeSpan,
  groupList,
  kvTable,
  producerConnection,
  producerTableInfo,
  queryConsumeQueueBody,
  querySubscriptionBody,
  resetOffsetBody,
  subscriptionGroupConfig,
  subscriptionGroupTable,
  topicConfig,
  topicConfigTable,
  topicList,
  topicStatsTable,
} from './admin-body-types.js';
import { bytesBody, jsonRequestBody } from './body-codec.js';
import { boolean, int, long, text, timeBound } from './field-type.js';
import { headerCodec, noHeader, optional, required, withDefault } from './header-codec.js';
import { lookUp, order, orderWith, query } from './exchange-shapes.js';
import type { ExchangeCodec } from './exchange-codecs.js';

/** Written once for two requests. */
const resetOffsetHeader = headerCodec<RequestHeader<typeof RequestCode.INVOKE_BROKER_TO_RESET_OFFSET>>({
  topic: required(text),
  group: required(text),
  timestamp: required(timeBound),
  isForce: withDefault(boolean, false),
  queueId: withDefault(int, -1),
  offset: withDefault(long, -1),
});
const statusHeader = headerCodec<RequestHeader<typeof RequestCode.INVOKE_BROKER_TO_GET_CONSUMER_STATUS>>({
  topic: required(text),
  group: required(text),
  clientAddr: optional(text),
});
const topicHeader = headerCodec<{ readonly topic: string }>({ topic: required(text) });
const groupHeader = headerCodec<{ readonly group: string }>({ group: required(text) });
const consumerGroupHeader = headerCodec<{ readonly consumerGroup: string }>({
  consumerGroup: required(text),
});
const topicAndGroupHeader = headerCodec<{ readonly topic: string; readonly group: string }>({
  topic: required(text),
  group: required(text),
});
const brokerHeader = headerCodec<{ readonly brokerName: string }>({ brokerName: required(text) });
const keyHeader = headerCodec<{ readonly namespace: string; readonly key: string }>({
  namespace: required(text),
  key: required(text),
});

/** How the requests of `AdminProtocol` travel. */
export const ADMIN_EXCHANGE_CODECS: { readonly [C in keyof AdminProtocol]: ExchangeCodec<C> } = {
  [RequestCode.UPDATE_AND_CREATE_TOPIC]: order(
    headerCodec<RequestHeader<typeof RequestCode.UPDATE_AND_CREATE_TOPIC>>({
      topic: required(text),
      defaultTopic: withDefault(text, ''),
      readQueueNums: required(int),
      writeQueueNums: required(int),
      perm: required(int),
      topicFilterType: withDefault(text, 'SINGLE_TAG'),
      topicSysFlag: withDefault(int, 0),
      order: withDefault(boolean, false),
      attributes: optional(text),
    }),
  ),
  [RequestCode.DELETE_TOPIC_IN_BROKER]: order(topicHeader),
  [RequestCode.GET_ALL_TOPIC_CONFIG]: query(noHeader(), topicConfigTable),
  [RequestCode.GET_TOPIC_CONFIG]: query(topicHeader, topicConfig),
  [RequestCode.GET_TOPIC_STATS_INFO]: query(topicHeader, topicStatsTable),
  [RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_BROKER]: query(noHeader(), topicList),
  [RequestCode.UPDATE_BROKER_CONFIG]: orderWith(noHeader(), bytesBody),
  [RequestCode.GET_BROKER_CONFIG]: {
    ...lookUp(noHeader(), headerCodec<{ readonly version: string }>({ version: required(text) })),
    responseBody: bytesBody,
  },
  [RequestCode.GET_BROKER_RUNTIME_INFO]: query(noHeader(), kvTable),
  [RequestCode.VIEW_BROKER_STATS_DATA]: query(
    headerCodec<RequestHeader<typeof RequestCode.VIEW_BROKER_STATS_DATA>>({
      statsName: required(text),
      statsKey: required(text),
    }),
    brokerStatsData,
  ),
  [RequestCode.CHECK_CLIENT_CONFIG]: orderWith(noHeader(), jsonRequestBody(checkClientRequestBody)),
  [RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP]: orderWith(
    noHeader(),
    jsonRequestBody(subscriptionGroupConfig),
  ),
  [RequestCode.DELETE_SUBSCRIPTIONGROUP]: order(
    headerCodec<RequestHeader<typeof RequestCode.DELETE_SUBSCRIPTIONGROUP>>({
      groupName: required(text),
      cleanOffset: withDefault(boolean, false),
    }),
  ),
  [RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG]: query(noHeader(), subscriptionGroupTable),
  [RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG]: query(groupHeader, subscriptionGroupConfig),
  [RequestCode.GET_CONSUMER_CONNECTION_LIST]: query(consumerGroupHeader, consumerConnection),
  [RequestCode.GET_PRODUCER_CONNECTION_LIST]: query(
    headerCodec<{ readonly producerGroup: string }>({ producerGroup: required(text) }),
    producerConnection,
  ),
  [RequestCode.GET_ALL_PRODUCER_INFO]: query(noHeader(), producerTableInfo),
  [RequestCode.GET_CONSUME_STATS]: query(
    headerCodec<RequestHeader<typeof RequestCode.GET_CONSUME_STATS>>({
      consumerGroup: required(text),
      topic: optional(text),
      topicList: optional(text),
    }),
    consumeStats,
  ),
  [RequestCode.GET_BROKER_CONSUME_STATS]: query(
    headerCodec<{ readonly isOrder: boolean }>({ isOrder: withDefault(boolean, false) }),
    consumeStatsList,
  ),
  [RequestCode.QUERY_CONSUME_TIME_SPAN]: query(topicAndGroupHeader, consumeTimeSpan),
  [RequestCode.QUERY_TOPIC_CONSUME_BY_WHO]: query(topicHeader, groupList),
  [RequestCode.QUERY_TOPICS_BY_CONSUMER]: query(groupHeader, topicList),
  [RequestCode.QUERY_SUBSCRIPTION_BY_CONSUMER]: query(topicAndGroupHeader, querySubscriptionBody),
  [RequestCode.QUERY_CONSUME_QUEUE]: query(
    headerCodec<RequestHeader<typeof RequestCode.QUERY_CONSUME_QUEUE>>({
      topic: required(text),
      queueId: required(int),
      index: required(long),
      count: required(int),
      consumerGroup: optional(text),
    }),
    queryConsumeQueueBody,
  ),
  [RequestCode.CLONE_GROUP_OFFSET]: order(
    headerCodec<RequestHeader<typeof RequestCode.CLONE_GROUP_OFFSET>>({
      srcGroup: required(text),
      destGroup: required(text),
      topic: optional(text),
      offline: withDefault(boolean, false),
    }),
  ),
  [RequestCode.INVOKE_BROKER_TO_RESET_OFFSET]: query(resetOffsetHeader, resetOffsetBody),
  [RequestCode.INVOKE_BROKER_TO_GET_CONSUMER_STATUS]: query(statusHeader, consumerStatusBody),
  [RequestCode.RESET_CONSUMER_CLIENT_OFFSET]: orderWith(resetOffsetHeader, jsonRequestBody(resetOffsetBody)),
  [RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT]: query(statusHeader, consumerStatusBody),
  [RequestCode.GET_CONSUMER_RUNNING_INFO]: query(
    headerCodec<RequestHeader<typeof RequestCode.GET_CONSUMER_RUNNING_INFO>>({
      consumerGroup: required(text),
      clientId: required(text),
      jstackEnable: withDefault(boolean, false),
    }),
    consumerRunningInfo,
  ),
  [RequestCode.CONSUME_MESSAGE_DIRECTLY]: {
    ...query(
      headerCodec<RequestHeader<typeof RequestCode.CONSUME_MESSAGE_DIRECTLY>>({
        consumerGroup: required(text),
        clientId: optional(text),
        msgId: optional(text),
        brokerName: optional(text),
        topic: optional(text),
        topicSysFlag: optional(int),
        groupSysFlag: optional(int),
      }),
      consumeMessageDirectlyResult,
    ),
    requestBody: bytesBody,
  },
  [RequestCode.PUT_KV_CONFIG]: order(
    headerCodec<RequestHeader<typeof RequestCode.PUT_KV_CONFIG>>({
      namespace: required(text),
      key: required(text),
      value: required(text),
    }),
  ),
  [RequestCode.GET_KV_CONFIG]: lookUp(
    keyHeader,
    headerCodec<{ readonly value: string }>({ value: required(text) }),
  ),
  [RequestCode.DELETE_KV_CONFIG]: order(keyHeader),
  [RequestCode.GET_KVLIST_BY_NAMESPACE]: query(
    headerCodec<{ readonly namespace: string }>({ namespace: required(text) }),
    kvTable,
  ),
  [RequestCode.WIPE_WRITE_PERM_OF_BROKER]: lookUp(
    brokerHeader,
    headerCodec<ResponseHeader<typeof RequestCode.WIPE_WRITE_PERM_OF_BROKER>>({
      wipeTopicCount: required(int),
    }),
  ),
  [RequestCode.ADD_WRITE_PERM_OF_BROKER]: lookUp(
    brokerHeader,
    headerCodec<ResponseHeader<typeof RequestCode.ADD_WRITE_PERM_OF_BROKER>>({
      addTopicCount: required(int),
    }),
  ),
  [RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER]: query(noHeader(), topicList),
  [RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS]: query(noHeader(), topicList),
  [RequestCode.GET_TOPICS_BY_CLUSTER]: query(
    headerCodec<{ readonly cluster: string }>({ cluster: required(text) }),
    topicList,
  ),
  [RequestCode.DELETE_TOPIC_IN_NAMESRV]: order(
    headerCodec<RequestHeader<typeof RequestCode.DELETE_TOPIC_IN_NAMESRV>>({
      topic: required(text),
      clusterName: optional(text),
    }),
  ),
  [RequestCode.GET_NAMESRV_CONFIG]: { ...order(noHeader()), responseBody: bytesBody },
};
