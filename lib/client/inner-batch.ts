import type { MessageExt } from '../common/message-ext.js';
import { MessageSysFlag } from '../common/message-sys-flag.js';
import { RocketMQError } from '../errors/rocketmq.error.js';
import { decodeMessageBatch } from '../remoting/codec/message-batch-codec.js';

const INNER_BATCH = MessageSysFlag.NEED_UNWRAP | MessageSysFlag.INNER_BATCH;

/**
 * What was pulled from `offset` on, with each message of a batch by itself: Apache's broker keeps batches of topics with
 * `queue.type=BatchCQ` as one record (PullAPIWrapper#processPullResult). `end` is the offset behind all of them; `onDamaged` is called
 * for a batch that cannot be read.
 */
export function unwrapInnerBatches(
  messages: MessageExt[],
  offset: number,
  end: number,
  onDamaged: () => void = () => {},
): MessageExt[] {
  if (!messages.some(isInnerBatch)) return messages;
  const all = messages.flatMap((message, i) =>
    isInnerBatch(message) ? unwrap(message, messages[i + 1]?.queueOffset ?? end, onDamaged) : message,
  );
  // Who goes on in the middle of a batch gets all of it.
  return all.filter(({ queueOffset }) => queueOffset >= offset);
}

function isInnerBatch({ sysFlag }: MessageExt): boolean {
  return (sysFlag & INNER_BATCH) === INNER_BATCH;
}

/** A sender can set the flags of a batch, but not take the offsets of one: its record is a single message, which stays as it is. */
function unwrap(batch: MessageExt, end: number, onDamaged: () => void): MessageExt[] {
  const offsets = end - batch.queueOffset;
  try {
    const inner = decodeMessageBatch(batch.body, offsets + 1);
    return inner.length > offsets ? [batch] : inner.map((item, index) => batch.innerMessage(index, item));
  } catch (error) {
    if (!(error instanceof RocketMQError)) throw error;
    onDamaged();
    return [];
  }
}
