import type { AdminProtocol } from './admin-protocol.js';
import type { BrokerProtocol } from './broker-protocol.js';
import type { HeartbeatData } from './body/heartbeat-data.js';
import type { LockBatchRequestBody, LockBatchResponseBody } from './body/lock-batch-body.js';
import type { MessageBatch } from './body/message-batch.js';
import type { ClusterInfo, TopicRouteData } from './body/topic-route-data.js';
import type { Exchange } from './exchange.js';
import type { ConsumerSendMsgBackRequestHeader } from './header/consumer-send-msg-back-request-header.js';
import type { PullMessageRequestHeader } from './header/pull-message-request-header.js';
import type { PullMessageResponseHeader } from './header/pull-message-response-header.js';
import type { QueryMessageRequestHeader } from './header/query-message-request-header.js';
import type {
  OffsetResponseHeader,
  QueryConsumerOffsetRequestHeader,
  QueueRequestHeader,
  SearchOffsetRequestHeader,
  TimestampResponseHeader,
  UpdateConsumerOffsetRequestHeader,
} from './header/queue-request-header.js';
import type { ReplyMessageRequestHeader } from './header/reply-message-request-header.js';
import type { RecallMessageRequestHeader } from './header/recall-message-request-header.js';
import type { SendMessageRequestHeader } from './header/send-message-request-header.js';
import type { SendMessageResponseHeader } from './header/send-message-response-header.js';
import type { PopProtocol } from './pop-protocol.js';
import type { RequestCode } from './request-code.js';
import type { TransactionProtocol } from './transaction-protocol.js';

/** The headers and bodies of every request and its answer: RocketMQ's remoting protocol as typed objects. */
export interface RemotingProtocol extends BrokerProtocol, AdminProtocol, TransactionProtocol, PopProtocol {
  [RequestCode.SEND_MESSAGE]: Exchange<
    SendMessageRequestHeader,
    Buffer,
    SendMessageResponseHeader,
    undefined
  >;
  [RequestCode.SEND_BATCH_MESSAGE]: Exchange<
    SendMessageRequestHeader,
    MessageBatch,
    SendMessageResponseHeader,
    undefined
  >;
  /** Stores the answer to a message, and hands it to the client that waits for it. */
  [RequestCode.SEND_REPLY_MESSAGE]: Exchange<
    SendMessageRequestHeader,
    Buffer,
    SendMessageResponseHeader,
    undefined
  >;
  [RequestCode.PUSH_REPLY_MESSAGE_TO_CLIENT]: Exchange<
    ReplyMessageRequestHeader,
    Buffer,
    undefined,
    undefined
  >;
  /** The body of the answer: records, one behind the other. */
  [RequestCode.PULL_MESSAGE]: Exchange<
    PullMessageRequestHeader,
    undefined,
    PullMessageResponseHeader,
    Buffer
  >;
  [RequestCode.QUERY_MESSAGE]: Exchange<QueryMessageRequestHeader, undefined, undefined, Buffer>;
  [RequestCode.VIEW_MESSAGE_BY_ID]: Exchange<{ readonly offset: number }, undefined, undefined, Buffer>;
  [RequestCode.RECALL_MESSAGE]: Exchange<
    RecallMessageRequestHeader,
    undefined,
    { readonly msgId: string },
    undefined
  >;
  [RequestCode.QUERY_CONSUMER_OFFSET]: Exchange<
    QueryConsumerOffsetRequestHeader,
    undefined,
    OffsetResponseHeader,
    undefined
  >;
  [RequestCode.UPDATE_CONSUMER_OFFSET]: Exchange<
    UpdateConsumerOffsetRequestHeader,
    undefined,
    undefined,
    undefined
  >;
  [RequestCode.SEARCH_OFFSET_BY_TIMESTAMP]: Exchange<
    SearchOffsetRequestHeader,
    undefined,
    OffsetResponseHeader,
    undefined
  >;
  [RequestCode.GET_MAX_OFFSET]: Exchange<QueueRequestHeader, undefined, OffsetResponseHeader, undefined>;
  [RequestCode.GET_MIN_OFFSET]: Exchange<QueueRequestHeader, undefined, OffsetResponseHeader, undefined>;
  [RequestCode.GET_EARLIEST_MSG_STORETIME]: Exchange<
    QueueRequestHeader,
    undefined,
    TimestampResponseHeader,
    undefined
  >;
  [RequestCode.HEART_BEAT]: Exchange<undefined, HeartbeatData, undefined, undefined>;
  [RequestCode.UNREGISTER_CLIENT]: Exchange<
    { readonly clientID: string; readonly producerGroup?: string; readonly consumerGroup?: string },
    undefined,
    undefined,
    undefined
  >;
  [RequestCode.CONSUMER_SEND_MSG_BACK]: Exchange<
    ConsumerSendMsgBackRequestHeader,
    undefined,
    undefined,
    undefined
  >;
  [RequestCode.GET_CONSUMER_LIST_BY_GROUP]: Exchange<
    { readonly consumerGroup: string },
    undefined,
    undefined,
    { readonly consumerIdList: readonly string[] }
  >;
  [RequestCode.NOTIFY_CONSUMER_IDS_CHANGED]: Exchange<
    { readonly consumerGroup: string },
    undefined,
    undefined,
    undefined
  >;
  [RequestCode.LOCK_BATCH_MQ]: Exchange<undefined, LockBatchRequestBody, undefined, LockBatchResponseBody>;
  [RequestCode.UNLOCK_BATCH_MQ]: Exchange<undefined, LockBatchRequestBody, undefined, undefined>;
  [RequestCode.GET_ROUTEINFO_BY_TOPIC]: Exchange<
    { readonly topic: string },
    undefined,
    undefined,
    TopicRouteData
  >;
  [RequestCode.GET_BROKER_CLUSTER_INFO]: Exchange<undefined, undefined, undefined, ClusterInfo>;
}

export type RequestHeader<C extends RequestCode> = RemotingProtocol[C]['requestHeader'];
export type RequestBody<C extends RequestCode> = RemotingProtocol[C]['requestBody'];
export type ResponseHeader<C extends RequestCode> = RemotingProtocol[C]['responseHeader'];
export type ResponseBody<C extends RequestCode> = RemotingProtocol[C]['responseBody'];
