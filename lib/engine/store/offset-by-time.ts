import type { CommitLog } from './commit-log.js';
import type { ConsumeQueue } from './consume-queue.js';
import { readRecordHead } from './record-head.js';

/** When a message was stored; -1 when there is none at that offset. */
export function storeTimestampAt(log: CommitLog, queue: ConsumeQueue, offset: number): number {
  const unit = queue.unitAt(offset);
  const head = unit && readRecordHead(log, unit.commitLogOffset);
  return head?.storeTimestamp ?? -1;
}

/** The first message stored at `timestamp` or later (`lower`), or the last one stored until then (`upper`). */
export function offsetByTime(
  log: CommitLog,
  queue: ConsumeQueue,
  timestamp: number,
  boundary: 'lower' | 'upper',
): number {
  const limit = boundary === 'lower' ? timestamp : timestamp + 1;
  const first = queue.findFirst(queue.minOffset, ({ commitLogOffset }) => {
    const head = readRecordHead(log, commitLogOffset);
    return head && head.storeTimestamp >= limit;
  });
  return boundary === 'lower' ? first : Math.max(first - 1, queue.minOffset);
}
