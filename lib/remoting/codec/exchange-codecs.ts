import type { ConsumerSendMsgBackRequestHeader } from '../header/consumer-send-msg-back-request-header.js';
import type { PullMessageRequestHeader } from '../header/pull-message-request-header.js';
import type { PullMessageResponseHeader } from '../header/pull-message-response-header.js';
import type { QueryMessageRequestHeader } from '../header/query-message-request-header.js';
import type {
  OffsetResponseHeader,
  QueryConsumerOffsetRequestHeader,
  QueueRequestHeader,
  SearchOffsetRequestHeader,
  TimestampResponseHeader,
  UpdateConsumerOffsetRequestHeader,
} from '../header/queue-request-header.js';
import type { ReplyMessageRequestHeader } from '../header/reply-message-request-header.js';
import type { RecallMessageRequestHeader } from '../header/recall-message-request-header.js';
import type { RequestBody, RequestHeader, ResponseBody, ResponseHeader } from '../remoting-protocol.js';
import { RequestCode } from '../request-code.js';
import { ResponseCode } from '../response-code.js';
import { ADMIN_EXCHANGE_CODECS } from './admin-exchange-codecs.js';
import { batchBody, type BodyCodec, bytesBody, jsonRequestBody, noBody } from './body-codec.js';
import {
  clusterInfo,
  consumerIdListBody,
  heartbeatData,
  lockBatchRequestBody,
  lockBatchResponseBody,
  topicRouteData,
} from './body-types.js';
import { BROKER_EXCHANGE_CODECS } from './broker-exchange-codecs.js';
import { boolean, boundaryType, int, long, properties, text, timeBound, version } from './field-type.js';
import { headerCodec, type HeaderCodec, noHeader, optional, required, withDefault } from './header-codec.js';
import { lookUp, order, orderWith, query } from './exchange-shapes.js';
import { POP_EXCHANGE_CODECS } from './pop-exchange-codecs.js';
import { sendMessageHeaderV2 } from './send-message-headers.js';
import { sendMessageResponse } from './send-message-response.js';
import { TRANSACTION_EXCHANGE_CODECS } from './transaction-exchange-codecs.js';

/** How a request and its answer travel. */
export interface ExchangeCodec<C extends RequestCode> {
  readonly requestHeader: HeaderCodec<RequestHeader<C>>;
  readonly requestBody: BodyCodec<RequestBody<C>>;
  readonly responseHeader: HeaderCodec<ResponseHeader<C>>;
  readonly responseBody: BodyCodec<ResponseBody<C>>;
  /** The response codes whose answers have header and body; all others are errors. */
  readonly successCodes: ReadonlySet<number>;
}

/** The message is stored, though perhaps not as safely as it should be. */
const STORED: ReadonlySet<number> = new Set([
  ResponseCode.SUCCESS,
  ResponseCode.FLUSH_DISK_TIMEOUT,
  ResponseCode.SLAVE_NOT_AVAILABLE,
  ResponseCode.FLUSH_SLAVE_TIMEOUT,
]);

/** The pull was carried out: the answer says at which offset to go on. */
const PULLED: ReadonlySet<number> = new Set([
  ResponseCode.SUCCESS,
  ResponseCode.PULL_NOT_FOUND,
  ResponseCode.PULL_RETRY_IMMEDIATELY,
  ResponseCode.PULL_OFFSET_MOVED,
]);

const queueFields = { topic: required(text), queueId: required(int) };
const queueHeader = headerCodec<QueueRequestHeader>(queueFields);
const groupHeader = headerCodec<{ readonly consumerGroup: string }>({ consumerGroup: required(text) });
const offsetHeader = headerCodec<OffsetResponseHeader>({ offset: required(long) });

const sendResponse = {
  responseHeader: sendMessageResponse,
  responseBody: noBody,
  successCodes: STORED,
};

/** How every request and its answer travel; the counterpart of the types in `RemotingProtocol`. */
export const EXCHANGE_CODECS: { readonly [C in RequestCode]: ExchangeCodec<C> } = {
  ...BROKER_EXCHANGE_CODECS,
  ...ADMIN_EXCHANGE_CODECS,
  ...TRANSACTION_EXCHANGE_CODECS,
  ...POP_EXCHANGE_CODECS,
  [RequestCode.SEND_MESSAGE]: {
    requestHeader: sendMessageHeaderV2(false),
    requestBody: bytesBody,
    ...sendResponse,
  },
  [RequestCode.SEND_BATCH_MESSAGE]: {
    requestHeader: sendMessageHeaderV2(true),
    requestBody: batchBody,
    ...sendResponse,
  },
  [RequestCode.SEND_REPLY_MESSAGE]: {
    requestHeader: sendMessageHeaderV2(false),
    requestBody: bytesBody,
    ...sendResponse,
  },
  [RequestCode.PUSH_REPLY_MESSAGE_TO_CLIENT]: orderWith(
    headerCodec<ReplyMessageRequestHeader>({
      bornHost: required(text),
      storeHost: required(text),
      storeTimestamp: required(long),
      producerGroup: required(text),
      topic: required(text),
      defaultTopic: required(text),
      defaultTopicQueueNums: required(int),
      queueId: required(int),
      sysFlag: required(int),
      bornTimestamp: required(long),
      flag: required(int),
      properties: withDefault<ReadonlyMap<string, string>>(properties, new Map()),
      reconsumeTimes: withDefault(int, 0),
      unitMode: optional(boolean),
    }),
    bytesBody,
  ),
  [RequestCode.PULL_MESSAGE]: {
    requestHeader: headerCodec<PullMessageRequestHeader>({
      consumerGroup: required(text),
      topic: required(text),
      queueId: required(int),
      queueOffset: required(long),
      maxMsgNums: required(int),
      sysFlag: required(int),
      commitOffset: required(long),
      suspendTimeoutMillis: required(long),
      subscription: optional(text),
      subVersion: required(version),
      expressionType: withDefault(text, 'TAG'),
    }),
    requestBody: noBody,
    responseHeader: headerCodec<PullMessageResponseHeader>({
      suggestWhichBrokerId: required(long),
      nextBeginOffset: required(long),
      minOffset: required(long),
      maxOffset: required(long),
    }),
    responseBody: bytesBody,
    successCodes: PULLED,
  },
  [RequestCode.QUERY_MESSAGE]: {
    ...lookUp(
      headerCodec<QueryMessageRequestHeader>({
        topic: required(text),
        key: required(text),
        maxNum: required(int),
        beginTimestamp: required(timeBound),
        endTimestamp: required(timeBound),
        uniqueKeyQuery: withDefault(boolean, false, '_UNIQUE_KEY_QUERY'),
      }),
      // Java's client fails without them, and does nothing with them.
      noHeader({ indexLastUpdateTimestamp: '0', indexLastUpdatePhyoffset: '0' }),
    ),
    responseBody: bytesBody,
  },
  [RequestCode.VIEW_MESSAGE_BY_ID]: {
    ...order(headerCodec<{ readonly offset: number }>({ offset: required(long) })),
    responseBody: bytesBody,
  },
  [RequestCode.RECALL_MESSAGE]: lookUp(
    headerCodec<RecallMessageRequestHeader>({
      producerGroup: optional(text),
      topic: required(text),
      recallHandle: required(text),
      brokerName: optional(text, 'bname'),
    }),
    headerCodec<{ readonly msgId: string }>({ msgId: required(text) }),
  ),
  [RequestCode.QUERY_CONSUMER_OFFSET]: lookUp(
    headerCodec<QueryConsumerOffsetRequestHeader>({
      consumerGroup: required(text),
      ...queueFields,
    }),
    offsetHeader,
  ),
  [RequestCode.UPDATE_CONSUMER_OFFSET]: order(
    headerCodec<UpdateConsumerOffsetRequestHeader>({
      consumerGroup: required(text),
      ...queueFields,
      commitOffset: required(long),
    }),
  ),
  [RequestCode.SEARCH_OFFSET_BY_TIMESTAMP]: lookUp(
    headerCodec<SearchOffsetRequestHeader>({
      ...queueFields,
      timestamp: required(timeBound),
      boundaryType: withDefault<SearchOffsetRequestHeader['boundaryType']>(boundaryType, 'lower'),
    }),
    offsetHeader,
  ),
  [RequestCode.GET_MAX_OFFSET]: lookUp(queueHeader, offsetHeader),
  [RequestCode.GET_MIN_OFFSET]: lookUp(queueHeader, offsetHeader),
  [RequestCode.GET_EARLIEST_MSG_STORETIME]: lookUp(
    queueHeader,
    headerCodec<TimestampResponseHeader>({ timestamp: required(long) }),
  ),
  [RequestCode.HEART_BEAT]: orderWith(noHeader(), jsonRequestBody(heartbeatData)),
  [RequestCode.UNREGISTER_CLIENT]: order(
    headerCodec<RequestHeader<typeof RequestCode.UNREGISTER_CLIENT>>({
      clientID: required(text),
      producerGroup: optional(text),
      consumerGroup: optional(text),
    }),
  ),
  [RequestCode.CONSUMER_SEND_MSG_BACK]: order(
    headerCodec<ConsumerSendMsgBackRequestHeader>({
      offset: required(long),
      group: required(text),
      delayLevel: required(int),
      originMsgId: withDefault(text, ''),
      originTopic: withDefault(text, ''),
      maxReconsumeTimes: optional(int),
    }),
  ),
  [RequestCode.GET_CONSUMER_LIST_BY_GROUP]: query(groupHeader, consumerIdListBody),
  [RequestCode.NOTIFY_CONSUMER_IDS_CHANGED]: order(groupHeader),
  [RequestCode.LOCK_BATCH_MQ]: {
    ...query(noHeader(), lockBatchResponseBody),
    requestBody: jsonRequestBody(lockBatchRequestBody),
  },
  [RequestCode.UNLOCK_BATCH_MQ]: orderWith(noHeader(), jsonRequestBody(lockBatchRequestBody)),
  [RequestCode.GET_ROUTEINFO_BY_TOPIC]: query(
    headerCodec<{ readonly topic: string }>({ topic: required(text) }),
    topicRouteData,
  ),
  [RequestCode.GET_BROKER_CLUSTER_INFO]: query(noHeader(), clusterInfo),
};
