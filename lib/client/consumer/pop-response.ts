import { decodeExtraInfo, encodeExtraInfo, popRetryFlagOf, type ExtraInfo } from '../../common/extra-info.js';
import { MessageConst } from '../../common/message-const.js';
import type { MessageExt } from '../../common/message-ext.js';
import { parsePopInfo } from '../../common/pop-info.js';
import type { MessageQueue } from '../../common/message-queue.js';
import type { PopMessageResponseHeader } from '../../remoting/header/pop-message-request-header.js';

/**
 * Gives each message of an answer to a pop the POP_CK by which it is acknowledged, and the topic that was popped from
 * (MQClientAPIImpl#processPopResponse). Those of retry topics come with theirs, because the broker hides that topic.
 */
export function completePopped(
  header: PopMessageResponseHeader,
  messages: readonly MessageExt[],
  { topic, brokerName }: MessageQueue,
): void {
  const starts = startOffsets(header, messages);
  for (const message of messages) {
    message.brokerName = brokerName;
    if (message.getProperty(MessageConst.POP_CK) === undefined) {
      message.putProperty(MessageConst.POP_CK, checkPointOf(message, header, starts));
    }
    if (message.getProperty(MessageConst.FIRST_POP_TIME) === undefined) {
      message.putProperty(MessageConst.FIRST_POP_TIME, String(header.popTime));
    }
    message.topic = topic;
  }
}

/** What a popped message is acknowledged by; undefined when a broker gave it something else. */
export function extraInfoOf(message: MessageExt): ExtraInfo | undefined {
  return decodeExtraInfo(message.getProperty(MessageConst.POP_CK) ?? '');
}

function checkPointOf(
  { topic, brokerName, queueId, queueOffset }: MessageExt,
  { popTime, invisibleTime, reviveQid }: PopMessageResponseHeader,
  starts: ReadonlyMap<string, number>,
): string {
  const retry = popRetryFlagOf(topic);
  const ckQueueOffset = starts.get(`${retry}@${queueId}`) ?? queueOffset;
  const queue = { brokerName, queueId, msgQueueOffset: queueOffset };
  return encodeExtraInfo({ ckQueueOffset, popTime, invisibleTime, reviveQid, retry, ...queue });
}

/** Where the portion of each queue begins: as the broker says, else at its first message. */
function startOffsets(
  { startOffsetInfo }: PopMessageResponseHeader,
  messages: readonly MessageExt[],
): ReadonlyMap<string, number> {
  const starts = new Map<string, number>();
  for (const { topic, queueId, queueOffset } of messages.toReversed()) {
    starts.set(`${popRetryFlagOf(topic)}@${queueId}`, queueOffset);
  }
  for (const { retry, queue, value } of parsePopInfo(startOffsetInfo ?? '') ?? []) {
    starts.set(`${retry}@${queue}`, Number(value));
  }
  return starts;
}
