import { javaHashCode } from '../../common/java-hash.js';
import { MessageConst } from '../../common/message-const.js';
import { TopicNames } from '../../common/topic-validator.js';
import { deliverTimestamp } from '../../common/delay-level.js';

/** Hash of the tags, or in the schedule topic the due time (CommitLog#checkMessageAndReturnSize). */
export function tagsCodeOf(
  topic: string,
  properties: ReadonlyMap<string, string>,
  delayLevels: readonly number[],
  storeTimestamp: number,
): number {
  if (topic === TopicNames.SCHEDULE) {
    const level = Number(properties.get(MessageConst.DELAY_TIME_LEVEL) ?? 0);
    if (level > 0) return deliverTimestamp(delayLevels, Math.min(level, delayLevels.length), storeTimestamp);
  }
  const tags = properties.get(MessageConst.TAGS);
  return tags === undefined ? 0 : javaHashCode(tags);
}
