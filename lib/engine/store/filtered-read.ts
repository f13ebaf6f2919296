import { RecordProperties } from '../../common/filter/record-properties.js';
import { RecordLayout } from '../../common/message-layout.js';
import { readOffset } from '../../common/int64.js';
import { NO_BYTES } from '../../common/no-bytes.js';
import type { GetMessageCallback, GetMessageResult, RecordFilter } from './get-message-result.js';

/** Bytes of records after which a read ends, whatever it has found: they are loaded and proved on the event loop. */
const MAX_LOOKED_AT = 16 * 1024 * 1024;
/** The same for their properties, which cost many times as much. */
const MAX_PROPERTIES = 1024 * 1024;

/** Where a {@link FilteredRead} ends. */
export interface ReadLimits {
  readonly maxMsgNums: number;
  readonly maxBytes: number;
  /** The first offset that is not looked at. */
  readonly scanEnd: number;
}

/** Reads what lies in a queue from `offset` on, up to some messages. */
export type ReadRound = (offset: number, callback: GetMessageCallback) => void;

/**
 * Reads messages whose properties a filter wants, round by round: records are loaded and proved as without a filter, and those
 * that it does not want are left out, until there are enough, `scanEnd` is reached, or many bytes were looked at.
 */
export class FilteredRead {
  private readonly properties = new RecordProperties();
  private readonly found: Buffer[] = [];
  /** Whether what was kept last is part of what its round has read. */
  private isPart = false;
  private count = 0;
  private size = 0;
  private lookedAt = 0;
  private propertiesLength = 0;

  constructor(
    private readonly read: ReadRound,
    private readonly isMatched: RecordFilter,
    private readonly limits: ReadLimits,
    private readonly callback: GetMessageCallback,
  ) {}

  /** Most rounds end at once: a loop keeps them from nesting. */
  run(offset: number): void {
    for (let next: number | undefined = offset; next !== undefined;) next = this.readOnce(next);
  }

  /** Where the next round begins, if this one has ended already and there is another. */
  private readOnce(offset: number): number | undefined {
    let isAtOnce = true;
    let next: number | undefined;
    this.read(offset, (result) => {
      next = this.take(result);
      if (!isAtOnce && next !== undefined) this.run(next);
    });
    isAtOnce = false;
    return next;
  }

  private take(result: GetMessageResult): number | undefined {
    if (result.status !== 'FOUND') return this.finish(result, result.nextBeginOffset);
    const rest = this.pick(result.messages);
    if (rest !== undefined) return this.finish(result, rest);
    this.lookedAt += result.messages.length;
    const { nextBeginOffset, maxOffset } = result;
    const { maxMsgNums, scanEnd } = this.limits;
    const isMuch = this.lookedAt >= MAX_LOOKED_AT || this.propertiesLength >= MAX_PROPERTIES;
    const isOver = isMuch || this.count >= maxMsgNums || nextBeginOffset >= Math.min(maxOffset, scanEnd);
    return isOver ? this.finish(result, nextBeginOffset) : nextBeginOffset;
  }

  /** Keeps the records that are wanted; the queue offset of the first that is one too many. */
  private pick(records: Buffer): number | undefined {
    let runStart = 0;
    for (let start = 0, size = 0; start < records.length; start += size) {
      size = records.readInt32BE(start);
      const properties = this.properties.of(records, start);
      this.propertiesLength += properties.length;
      if (!this.isMatched(properties)) {
        this.keep(records, runStart, start);
        runStart = start + size;
      } else if (this.isFull(size)) {
        this.keep(records, runStart, start);
        return readOffset(records, start + RecordLayout.QUEUE_OFFSET);
      } else {
        this.count++;
        this.size += size;
      }
    }
    this.keep(records, runStart, records.length);
    return undefined;
  }

  /** Records that follow one another are kept together. */
  private keep(records: Buffer, start: number, end: number): void {
    if (start >= end) return;
    this.found.push(records.subarray(start, end));
    this.isPart = end - start < records.length;
  }

  private isFull(size: number): boolean {
    const { maxMsgNums, maxBytes } = this.limits;
    return this.count >= maxMsgNums || (this.count > 0 && this.size + size > maxBytes);
  }

  private finish(last: GetMessageResult, nextBeginOffset: number): undefined {
    const { count: messageCount, found } = this;
    if (messageCount > 0) {
      // A consumer that keeps a message would keep with it all that the filter has left out.
      const isCopied = this.isPart || found.length > 1;
      const messages = isCopied ? Buffer.concat(found, this.size) : found[0]!;
      this.callback({ ...last, status: 'FOUND', nextBeginOffset, messages, messageCount });
    } else if (last.status !== 'FOUND') this.callback(last);
    else {
      const messages = NO_BYTES;
      this.callback({ ...last, status: 'NO_MATCHED_MESSAGE', nextBeginOffset, messages, messageCount });
    }
  }
}
