import type { AdminProtocol } from './admin-protocol.js';
import type { BrokerProtocol } from './broker-protocol.js';
import type { HeartbeatData } from './body/heartbeat-data.js';
import type { LockBatchRequestBody, LockBatchResponseBody } from './body/lock-batch-body.js';
import type { MessageBatch } from './body/message-batch.js';
import type { ClusterInfo, TopicRouteData } from './body/topic-route-data.js';
import type { Exchange, LookUp, Order, Query } from './exchange.js';
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
  [RequestCode.PUSH_REPLY_MESSAGE_TO_CLIENT]: Order<ReplyMessageRequestHeader, Buffer>;
  /** The body of the answer: records, one behind the other. */
  [RequestCode.PULL_MESSAGE]: Exchange<
    PullMessageRequestHeader,
    undefined,
    PullMessageResponseHeader,
    Buffer
  >;
  [RequestCode.QUERY_MESSAGE]: Query<QueryMessageRequestHeader, Buffer>;
  [RequestCode.VIEW_MESSAGE_BY_ID]: Query<{ readonly offset: number }, Buffer>;
  [RequestCode.RECALL_MESSAGE]: LookUp<RecallMessageRequestHeader, { readonly msgId: string }>;
  [RequestCode.QUERY_CONSUMER_OFFSET]: LookUp<QueryConsumerOffsetRequestHeader, OffsetResponseHeader>;
  [RequestCode.UPDATE_CONSUMER_OFFSET]: Order<UpdateConsumerOffsetRequestHeader>;
  [RequestCode.SEARCH_OFFSET_BY_TIMESTAMP]: LookUp<SearchOffsetRequestHeader, OffsetResponseHeader>;
  [RequestCode.GET_MAX_OFFSET]: LookUp<QueueRequestHeader, OffsetResponseHeader>;
  [RequestCode.GET_MIN_OFFSET]: LookUp<QueueRequestHeader, OffsetResponseHeader>;
  [RequestCode.GET_EARLIEST_MSG_STORETIME]: LookUp<QueueRequestHeader, TimestampResponseHeader>;
  [RequestCode.HEART_BEAT]: Order<undefined, HeartbeatData>;
  [RequestCode.UNREGISTER_CLIENT]: Order<{
    readonly clientID: string;
    readonly producerGroup?: string;
    readonly consumerGroup?: string;
  }>;
  [RequestCode.CONSUMER_SEND_MSG_BACK]: Order<ConsumerSendMsgBackRequestHeader>;
  [RequestCode.GET_CONSUMER_LIST_BY_GROUP]: Query<
    { readonly consumerGroup: string },
    { readonly consumerIdList: readonly string[] }
  >;
  [RequestCode.NOTIFY_CONSUMER_IDS_CHANGED]: Order<{ readonly consumerGroup: string }>;
  [RequestCode.LOCK_BATCH_MQ]: Exchange<undefined, LockBatchRequestBody, undefined, LockBatchResponseBody>;
  [RequestCode.UNLOCK_BATCH_MQ]: Order<undefined, LockBatchRequestBody>;
  [RequestCode.GET_ROUTEINFO_BY_TOPIC]: Query<{ readonly topic: string }, TopicRouteData>;
  [RequestCode.GET_BROKER_CLUSTER_INFO]: Query<undefined, ClusterInfo>;
}

export type RequestHeader<C extends RequestCode> = RemotingProtocol[C]['requestHeader'];
export type RequestBody<C extends RequestCode> = RemotingProtocol[C]['requestBody'];
export type ResponseHeader<C extends RequestCode> = RemotingProtocol[C]['responseHeader'];
export type ResponseBody<C extends RequestCode> = RemotingProtocol[C]['responseBody'];
