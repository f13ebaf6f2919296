import { readOffset } from '../../common/int64.js';
import { MIN_RECORD_SIZE, RecordLayout, storeTimestampPosition } from '../../common/message-layout.js';
import type { CommitLog } from './commit-log.js';
import type { ConsumeQueue } from './consume-queue.js';
import { isPlausible } from './cq-unit.js';
import { hasPhysicalOffset } from './record-check.js';

/** What the first bytes of a record say. */
export interface RecordHead {
  readonly size: number;
  readonly queueId: number;
  readonly queueOffset: number;
  readonly storeTimestamp: number;
}

/** Reads the first bytes of the record at `commitLogOffset`; undefined when they are not those of a record there. */
export function readRecordHead(log: CommitLog, commitLogOffset: number): RecordHead | undefined {
  if (!log.read(commitLogOffset, MIN_RECORD_SIZE, HEAD)) return undefined;
  if (!hasPhysicalOffset(HEAD, 0, commitLogOffset) || HEAD.readInt32BE(0) < MIN_RECORD_SIZE) return undefined;
  return {
    size: HEAD.readInt32BE(0),
    queueId: HEAD.readInt32BE(RecordLayout.QUEUE_ID),
    queueOffset: readOffset(HEAD, RecordLayout.QUEUE_OFFSET),
    storeTimestamp: readOffset(HEAD, storeTimestampPosition(HEAD.readInt32BE(RecordLayout.SYS_FLAG))),
  };
}

/** Whether the unit at `queueOffset` leads to the head of the record that belongs there. */
export function leadsToRecord(log: CommitLog, queue: ConsumeQueue, queueOffset: number): boolean {
  const unit = queue.unitAt(queueOffset);
  if (!isPlausible(unit)) return false;
  const head = readRecordHead(log, unit.commitLogOffset);
  return head?.queueOffset === queueOffset && head.queueId === queue.queueId && head.size === unit.msgSize;
}

/** Scratch space of a call that ends before the next one starts. */
const HEAD = Buffer.alloc(MIN_RECORD_SIZE);
