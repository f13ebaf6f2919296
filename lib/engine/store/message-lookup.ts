import { readOffset } from '../../common/int64.js';
import { MIN_RECORD_SIZE, RecordLayout, storeTimestampPosition } from '../../common/message-layout.js';
import { MAX_RECORD_EXCESS, type CommitLog } from './commit-log.js';
import { ENTRY_TIME_UNIT, type IndexService } from './index-service.js';
import type { MessageStoreConfig } from './message-store-config.js';
import { isSoundRecord } from './record-check.js';
import { readRecordHead } from './record-head.js';

/** Bytes of records that an answer may have: those of a frame, less room for its header. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024 - 65_536;

/** Finds single records by their position, or by unique id and key. */
export class MessageLookup {
  /** What begins as a record may be part of a body, and say that it has any size. */
  private readonly maxRecordSize: number;

  constructor(
    private readonly log: CommitLog,
    private readonly index: IndexService | undefined,
    private readonly config: MessageStoreConfig,
  ) {
    this.maxRecordSize = Math.max(MAX_ANSWER_BYTES, config.maxMessageSize + MAX_RECORD_EXCESS);
  }

  /** `size`: how long the record is, if that is known; it may be longer than those that are stored now. */
  byOffset(commitLogOffset: number, size = 0): Buffer | undefined {
    const head = this.isInLog(commitLogOffset, MIN_RECORD_SIZE) && readRecordHead(this.log, commitLogOffset);
    const maxSize = Math.max(this.maxRecordSize, size);
    if (!head || head.size > maxSize || !this.isInLog(commitLogOffset, head.size)) return undefined;
    const record = Buffer.allocUnsafe(head.size);
    const isRead = this.log.read(commitLogOffset, head.size, record);
    return isRead && isSoundRecord(record, 0, commitLogOffset) ? record : undefined;
  }

  byKey(topic: string, key: string, maxNum: number, begin: number, end: number): Buffer[] {
    const max = Math.min(maxNum, this.config.maxMsgsNumBatch);
    const found: Buffer[] = [];
    let size = 0;
    for (const offset of this.index?.query(topic, key, max, begin, end) ?? []) {
      const record = this.byOffset(offset);
      if (record === undefined || !isStoredWithin(record, begin, end)) continue;
      size += record.length;
      if (found.length > 0 && size > MAX_ANSWER_BYTES) break;
      found.push(record);
    }
    return found;
  }

  private isInLog(commitLogOffset: number, length: number): boolean {
    return commitLogOffset >= this.log.minOffset && commitLogOffset + length <= this.log.maxOffset;
  }
}

/** The index counts in seconds, from when a file was begun: what was stored with an earlier time, as after the clock was set right, has 0. */
function isStoredWithin(record: Buffer, begin: number, end: number): boolean {
  const sysFlag = record.readInt32BE(RecordLayout.SYS_FLAG);
  const storeTimestamp = readOffset(record, storeTimestampPosition(sysFlag));
  return storeTimestamp >= begin && storeTimestamp < end + ENTRY_TIME_UNIT;
}
