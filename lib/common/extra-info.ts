import { isRetryTopic, popRetryTopicV1Of, popRetryTopicV2Of, RETRY_GROUP_TOPIC_PREFIX } from './mix-all.js';

/** Which topic a popped message stands in: 0 its own, 1 or 2 the retry topic of group and topic, by the form of its name. */
export type PopRetryFlag = '0' | '1' | '2';

/** What identifies a message that was popped: its property POP_CK, which acknowledgements quote (ExtraInfoUtil). */
export interface ExtraInfo {
  /** First offset of the portion that the message was popped with. */
  readonly ckQueueOffset: number;
  /** In ms since 1970. */
  readonly popTime: number;
  /** In ms. */
  readonly invisibleTime: number;
  /** Queue of the revive topic that has the check point; 999 for an ordered pop, which has none. */
  readonly reviveQid: number;
  readonly retry: PopRetryFlag;
  readonly brokerName: string;
  readonly queueId: number;
  readonly msgQueueOffset: number;
}

/** The `reviveQid` of ordered pops (KeyBuilder.POP_ORDER_REVIVE_QUEUE). */
export const POP_ORDER_REVIVE_QUEUE = 999;

/** More may follow: Apache's proxy sends where in the log the message stands, too. */
const PARTS = 8;

export function encodeExtraInfo(info: ExtraInfo): string {
  const { ckQueueOffset, popTime, invisibleTime, reviveQid, retry, brokerName, queueId } = info;
  return `${ckQueueOffset} ${popTime} ${invisibleTime} ${reviveQid} ${retry} ${brokerName} ${queueId} ${info.msgQueueOffset}`;
}

/** Undefined when the text is not such an information. */
export function decodeExtraInfo(text: string): ExtraInfo | undefined {
  const parts = text.split(' ');
  if (parts.length < PARTS || !isRetryFlag(parts[4]!)) return undefined;
  const [ckQueueOffset, popTime, invisibleTime, reviveQid] = parts.slice(0, 4).map(Number) as number[];
  const info = {
    ckQueueOffset: ckQueueOffset!,
    popTime: popTime!,
    invisibleTime: invisibleTime!,
    reviveQid: reviveQid!,
    retry: parts[4],
    brokerName: parts[5]!,
    queueId: Number(parts[6]),
    msgQueueOffset: Number(parts[7]),
  };
  const numbers = [info.ckQueueOffset, info.popTime, info.invisibleTime, info.reviveQid, info.queueId];
  return [...numbers, info.msgQueueOffset].every(isCount) ? info : undefined;
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

const isRetryFlag = (text: string): text is PopRetryFlag => text === '0' || text === '1' || text === '2';

/** What to write into `ExtraInfo.retry` of messages of a topic. */
export function popRetryFlagOf(topic: string): PopRetryFlag {
  if (!isRetryTopic(topic)) return '0';
  return topic.slice(RETRY_GROUP_TOPIC_PREFIX.length).includes('+') ? '2' : '1';
}

/** The topic that a popped message really stands in. */
export function popTopicOf(retry: PopRetryFlag, topic: string, group: string): string {
  if (retry === '0') return topic;
  return retry === '1' ? popRetryTopicV1Of(topic, group) : popRetryTopicV2Of(topic, group);
}
