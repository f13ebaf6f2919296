import type { MessageExt } from '../common/message-ext.js';
import { MessageSysFlag } from '../common/message-sys-flag.js';
import { RocketMQError } from '../errors/rocketmq.error.js';
import { decodeMessageBatch } from '../remoting/codec/message-batch-codec.js';

const INNER_BATCH = MessageSysFlag.NEED_UNWRAP | MessageSysFlag.INNER_BATCH;

/**
 * What was pulled from `offset` on, with each message of a batch by itself: Apache's broker keeps batches of topics with
 * `queue.type=BatchCQ` as one record (PullAPIWrapper#processPullResult). `onDamaged` is called for a batch that cannot be read.
 */
export function unwrapInnerBatches(
  messages: MessageExt[],
  offset: number,
  onDamaged: () => void = () => {},
): MessageExt[] {
  if (!messages.some(isInnerBatch)) return messages;
  const all = messages.flatMap((message) => (isInnerBatch(message) ? unwrap(message, onDamaged) : message));
  // Who goes on in the middle of a batch gets all of it.
  return all.filter(({ queueOffset }) => queueOffset >= offset);
}

function isInnerBatch({ sysFlag }: MessageExt): boolean {
  return (sysFlag & INNER_BATCH) === INNER_BATCH;
}

function unwrap(batch: MessageExt, onDamaged: () => void): MessageExt[] {
  try {
    return decodeMessageBatch(batch.body).map((inner, index) => batch.innerMessage(index, inner));
  } catch (error) {
    if (!(error instanceof RocketMQError)) throw error;
    onDamaged();
    return [];
  }
}
