import { isDlqTopic, isRetryTopic, RETRY_GROUP_TOPIC_PREFIX } from './mix-all.js';

/** Longest topic name in characters (TopicValidator). */
const TOPIC_MAX_LENGTH = 127;
/** Longest group name in characters (Validators.CHARACTER_MAX_LENGTH). */
const GROUP_MAX_LENGTH = 255;
/** Of a group whose messages are tried again: its retry topic must not be longer than a group. */
export const RETRIED_GROUP_MAX_LENGTH = GROUP_MAX_LENGTH - RETRY_GROUP_TOPIC_PREFIX.length;
export const NAME_PATTERN = /^[%|a-zA-Z0-9_-]+$/;

export const TopicNames = {
  /** The topic whose queue counts and permission an auto-created topic takes over. */
  AUTO_CREATE_TOPIC_KEY: 'TBW102',
  SCHEDULE: 'SCHEDULE_TOPIC_XXXX',
  BENCHMARK: 'BenchmarkTest',
  TRANS_HALF: 'RMQ_SYS_TRANS_HALF_TOPIC',
  TRANS_OP_HALF: 'RMQ_SYS_TRANS_OP_HALF_TOPIC',
  TRACE: 'RMQ_SYS_TRACE_TOPIC',
  TRANS_CHECK_MAX_TIME: 'TRANS_CHECK_MAX_TIME_TOPIC',
  SELF_TEST: 'SELF_TEST_TOPIC',
  OFFSET_MOVED_EVENT: 'OFFSET_MOVED_EVENT',
  CHECKPOINT: 'CHECKPOINT_TOPIC',
} as const;

/** Where messages with a time of their own wait (TimerMessageStore.TIMER_TOPIC). */
export const TIMER_TOPIC = 'rmq_sys_wheel_timer';

const SYSTEM_TOPICS: ReadonlySet<string> = new Set(Object.values(TopicNames));
const SYSTEM_TOPIC_PREFIX = 'rmq_sys_';
const NOT_ALLOWED_SEND: ReadonlySet<string> = new Set([
  TopicNames.SCHEDULE,
  TopicNames.TRANS_HALF,
  TopicNames.TRANS_OP_HALF,
  TopicNames.TRANS_CHECK_MAX_TIME,
  TopicNames.SELF_TEST,
  TopicNames.OFFSET_MOVED_EVENT,
]);

/** What is wrong with a topic name, in the broker's words (TopicValidator#validateTopic); undefined when it is legal. */
export function topicNameFault(topic: string): string | undefined {
  if (topic.trim() === '') return 'The specified topic is blank.';
  if (!NAME_PATTERN.test(topic)) {
    return `The specified topic contains illegal characters, allowing only ${NAME_PATTERN.source}`;
  }
  if (isTooLong(topic)) return 'The specified topic is longer than topic max length.';
  return undefined;
}

/** A retry or dead-letter topic is a group name with a prefix, and as long as groups may be. */
export function isTooLong(topic: string): boolean {
  const isOfGroup = isRetryTopic(topic) || isDlqTopic(topic);
  return topic.length > (isOfGroup ? GROUP_MAX_LENGTH : TOPIC_MAX_LENGTH);
}

/** What is wrong with a group name (Validators#checkGroup); undefined when it is legal. */
export function groupNameFault(group: string): string | undefined {
  if (group.trim() === '') return 'the specified group is blank';
  if (group.length > GROUP_MAX_LENGTH) return 'the specified group is longer than group max length 255.';
  if (!NAME_PATTERN.test(group)) {
    return `the specified group[${group}] contains illegal characters, allowing only ${NAME_PATTERN.source}`;
  }
  return undefined;
}

export function isSystemTopic(topic: string): boolean {
  return SYSTEM_TOPICS.has(topic) || topic.startsWith(SYSTEM_TOPIC_PREFIX);
}

/** Topics that only the broker itself writes (TopicValidator#isNotAllowedSendTopic). */
export function isNotAllowedSendTopic(topic: string): boolean {
  return NOT_ALLOWED_SEND.has(topic);
}
