/** Names with a meaning of their own (MixAll). */
export const RETRY_GROUP_TOPIC_PREFIX = '%RETRY%';
export const DLQ_GROUP_TOPIC_PREFIX = '%DLQ%';
export const CID_RMQ_SYS_PREFIX = 'CID_RMQ_SYS_';
/** The group whose offsets say how far half and op queue are worked off. */
export const CID_SYS_RMQ_TRANS = 'CID_RMQ_SYS_TRANS';
export const DEFAULT_PRODUCER_GROUP = 'DEFAULT_PRODUCER';
export const DEFAULT_CONSUMER_GROUP = 'DEFAULT_CONSUMER';
export const CLIENT_INNER_PRODUCER_GROUP = 'CLIENT_INNER_PRODUCER';
export const TOOLS_CONSUMER_GROUP = 'TOOLS_CONSUMER';
export const MASTER_ID = 0;
/** The MSG_TYPE of an answer to a message. */
export const REPLY_MESSAGE_FLAG = 'reply';

/** The name servers of the environment variable `NAMESRV_ADDR`; Docker Compose sets what is not set to an empty text. */
export const environmentNamesrvAddr = (): string | undefined => process.env.NAMESRV_ADDR?.trim() || undefined;

export const retryTopicOf = (group: string): string => RETRY_GROUP_TOPIC_PREFIX + group;
export const dlqTopicOf = (group: string): string => DLQ_GROUP_TOPIC_PREFIX + group;
/** Where a cluster keeps answers to messages. */
export const replyTopicOf = (cluster: string): string => `${cluster}_REPLY_TOPIC`;
/** Where check points and acknowledgements of popped messages are kept (PopAckConstants), and its queues (reviveQueueNum). */
export const reviveTopicOf = (cluster: string): string => REVIVE_TOPIC_PREFIX + cluster;
export const isReviveTopic = (topic: string): boolean => topic.startsWith(REVIVE_TOPIC_PREFIX);
const REVIVE_TOPIC_PREFIX = 'rmq_sys_REVIVE_LOG_';
export const REVIVE_QUEUES = 8;
/** Queues of a topic that is created without their number. */
export const NEW_TOPIC_QUEUES = 8;
export const isDlqTopic = (topic: string): boolean => topic.startsWith(DLQ_GROUP_TOPIC_PREFIX);
export const isRetryTopic = (topic: string): boolean => topic.startsWith(RETRY_GROUP_TOPIC_PREFIX);
/** Where messages of a topic wait for a group that pops them again; the second form only with `enableRetryTopicV2`. */
export const popRetryTopicV1Of = (topic: string, group: string): string => `${retryTopicOf(group)}_${topic}`;
export const popRetryTopicV2Of = (topic: string, group: string): string => `${retryTopicOf(group)}+${topic}`;
/** Where the messages of a topic that the group pops were sent to (KeyBuilder#parseNormalTopic); undefined for retries of other groups. */
export function normalTopicOf(topic: string, group: string): string | undefined {
  if (!isRetryTopic(topic)) return topic;
  const isOwn =
    topic.startsWith(popRetryTopicV1Of('', group)) || topic.startsWith(popRetryTopicV2Of('', group));
  return isOwn ? topic.slice(retryTopicOf(group).length + 1) : undefined;
}
