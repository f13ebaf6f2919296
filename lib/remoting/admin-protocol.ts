import type { BrokerStatsData } from './body/broker-stats-data.js';
import type { CheckClientRequestBody, QuerySubscriptionBody } from './body/check-client-request-body.js';
import type { ConsumerConnection, ProducerConnection, ProducerInfo } from './body/connection.js';
import type { ConsumeMessageDirectlyResult } from './body/consume-message-directly-result.js';
import type { ConsumerRunningInfo } from './body/consumer-running-info.js';
import type { ConsumeStats, ConsumeStatsList, QueueTimeSpan } from './body/consume-stats.js';
import type { QueryConsumeQueueBody } from './body/query-consume-queue-body.js';
import type { GetConsumerStatusBody, ResetOffsetBody } from './body/reset-offset-body.js';
import type { SubscriptionGroupConfig, SubscriptionGroupTable } from './body/subscription-group-config.js';
import type { TopicConfig, TopicConfigTable } from './body/topic-config.js';
import type { GroupList, KVTable, TopicList } from './body/topic-list.js';
import type { TopicStatsTable } from './body/topic-stats-table.js';
import type {
  ConsumeMessageDirectlyRequestHeader,
  GetConsumerRunningInfoRequestHeader,
} from './header/consumer-client-request-header.js';
import type { CreateTopicRequestHeader } from './header/create-topic-request-header.js';
import type { QueryConsumeQueueRequestHeader } from './header/query-consume-queue-request-header.js';
import type { ResetOffsetRequestHeader } from './header/reset-offset-request-header.js';
import type { Exchange, LookUp, Order, Query } from './exchange.js';
import type { RequestCode } from './request-code.js';

interface OfTopic {
  readonly topic: string;
}
interface OfGroup {
  readonly group: string;
}
interface OfConsumerGroup {
  readonly consumerGroup: string;
}
interface OfBroker {
  readonly brokerName: string;
}
interface OfStatus extends OfTopic, OfGroup {
  /** A client id in spite of its name; absent: all clients. */
  readonly clientAddr?: string;
}
interface OfNamespace {
  readonly namespace: string;
}
interface OfKey extends OfNamespace {
  readonly key: string;
}

/** What administrators ask of brokers, and brokers of clients: a part of `RemotingProtocol`. */
export interface AdminProtocol {
  [RequestCode.UPDATE_AND_CREATE_TOPIC]: Order<CreateTopicRequestHeader>;
  [RequestCode.DELETE_TOPIC_IN_BROKER]: Order<OfTopic>;
  [RequestCode.GET_ALL_TOPIC_CONFIG]: Query<undefined, TopicConfigTable>;
  [RequestCode.GET_TOPIC_CONFIG]: Query<OfTopic, TopicConfig>;
  [RequestCode.GET_TOPIC_STATS_INFO]: Query<OfTopic, TopicStatsTable>;
  [RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_BROKER]: Query<undefined, TopicList>;
  /** Lines of `key=value`, as Java's Properties writes them. */
  [RequestCode.UPDATE_BROKER_CONFIG]: Order<undefined, Buffer>;
  [RequestCode.GET_BROKER_CONFIG]: Exchange<undefined, undefined, { readonly version: string }, Buffer>;
  [RequestCode.GET_BROKER_RUNTIME_INFO]: Query<undefined, KVTable>;
  [RequestCode.VIEW_BROKER_STATS_DATA]: Query<
    { readonly statsName: string; readonly statsKey: string },
    BrokerStatsData
  >;
  [RequestCode.CHECK_CLIENT_CONFIG]: Order<undefined, CheckClientRequestBody>;
  [RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP]: Order<undefined, SubscriptionGroupConfig>;
  [RequestCode.DELETE_SUBSCRIPTIONGROUP]: Order<{
    readonly groupName: string;
    readonly cleanOffset: boolean;
  }>;
  [RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG]: Query<undefined, SubscriptionGroupTable>;
  [RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG]: Query<OfGroup, SubscriptionGroupConfig>;
  [RequestCode.GET_CONSUMER_CONNECTION_LIST]: Query<OfConsumerGroup, ConsumerConnection>;
  [RequestCode.GET_PRODUCER_CONNECTION_LIST]: Query<{ readonly producerGroup: string }, ProducerConnection>;
  [RequestCode.GET_ALL_PRODUCER_INFO]: Query<
    undefined,
    { readonly data: ReadonlyMap<string, readonly ProducerInfo[]> }
  >;
  /** `topicList` (with `;` between) goes before `topic`; without both all topics of the group. */
  [RequestCode.GET_CONSUME_STATS]: Query<
    OfConsumerGroup & { readonly topic?: string; readonly topicList?: string },
    ConsumeStats
  >;
  [RequestCode.GET_BROKER_CONSUME_STATS]: Query<{ readonly isOrder: boolean }, ConsumeStatsList>;
  [RequestCode.QUERY_CONSUME_TIME_SPAN]: Query<
    OfTopic & OfGroup,
    { readonly consumeTimeSpanSet: readonly QueueTimeSpan[] }
  >;
  [RequestCode.QUERY_TOPIC_CONSUME_BY_WHO]: Query<OfTopic, GroupList>;
  [RequestCode.QUERY_TOPICS_BY_CONSUMER]: Query<OfGroup, TopicList>;
  [RequestCode.QUERY_SUBSCRIPTION_BY_CONSUMER]: Query<OfGroup & OfTopic, QuerySubscriptionBody>;
  [RequestCode.QUERY_CONSUME_QUEUE]: Query<QueryConsumeQueueRequestHeader, QueryConsumeQueueBody>;
  [RequestCode.CLONE_GROUP_OFFSET]: Order<{
    readonly srcGroup: string;
    readonly destGroup: string;
    readonly topic?: string;
    /** Whether the target may be online. */
    readonly offline: boolean;
  }>;
  [RequestCode.INVOKE_BROKER_TO_RESET_OFFSET]: Query<ResetOffsetRequestHeader, ResetOffsetBody>;
  [RequestCode.INVOKE_BROKER_TO_GET_CONSUMER_STATUS]: Query<OfStatus, GetConsumerStatusBody>;
  [RequestCode.RESET_CONSUMER_CLIENT_OFFSET]: Order<ResetOffsetRequestHeader, ResetOffsetBody>;
  [RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT]: Query<OfStatus, GetConsumerStatusBody>;
  [RequestCode.GET_CONSUMER_RUNNING_INFO]: Query<GetConsumerRunningInfoRequestHeader, ConsumerRunningInfo>;
  /** The body of what a broker asks a client: the record. */
  [RequestCode.CONSUME_MESSAGE_DIRECTLY]: Exchange<
    ConsumeMessageDirectlyRequestHeader,
    Buffer,
    undefined,
    ConsumeMessageDirectlyResult
  >;
  [RequestCode.PUT_KV_CONFIG]: Order<OfKey & { readonly value: string }>;
  [RequestCode.GET_KV_CONFIG]: LookUp<OfKey, { readonly value: string }>;
  [RequestCode.DELETE_KV_CONFIG]: Order<OfKey>;
  [RequestCode.GET_KVLIST_BY_NAMESPACE]: Query<OfNamespace, KVTable>;
  [RequestCode.WIPE_WRITE_PERM_OF_BROKER]: LookUp<OfBroker, { readonly wipeTopicCount: number }>;
  [RequestCode.ADD_WRITE_PERM_OF_BROKER]: LookUp<OfBroker, { readonly addTopicCount: number }>;
  [RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER]: Query<undefined, TopicList>;
  [RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS]: Query<undefined, TopicList>;
  [RequestCode.GET_TOPICS_BY_CLUSTER]: Query<{ readonly cluster: string }, TopicList>;
  [RequestCode.DELETE_TOPIC_IN_NAMESRV]: Order<OfTopic & { readonly clusterName?: string }>;
  [RequestCode.GET_NAMESRV_CONFIG]: Query<undefined, Buffer>;
}
