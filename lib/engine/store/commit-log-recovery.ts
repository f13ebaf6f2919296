import type { Logger } from '../../common/logger.js';
import type { CommitLog } from './commit-log.js';
import { RecordScanner, type DamagedRange, type RecordVisitor } from './record-scanner.js';
import type { SegmentFile } from './segment-file.js';

export interface RecoveredLog {
  /** Behind the last sound record. */
  readonly endOffset: number;
  readonly lastStoreTimestamp: number;
}

/**
 * Finds the end of the log, visiting the records on the way (CommitLog#recoverNormally and #recoverAbnormally).
 * Unlike there, damage in the middle costs only the records that it hits.
 */
export class CommitLogRecovery {
  /** Ranges without a sound record that have sound records behind them. */
  readonly damage: DamagedRange[] = [];
  private endOffset = 0;
  private lastStoreTimestamp = 0;
  /** Where the walk stopped finding records, as long as it is open whether there are more behind it. */
  private lostAt: number | undefined;

  /**
   * `trustedEnd`: where the log ended, if that is known from a clean end. Where no record lies there, none need be
   * searched for behind it.
   */
  constructor(
    private readonly log: CommitLog,
    private readonly logger: Logger,
    private readonly trustedEnd = Infinity,
  ) {}

  /** Visits the records from `startOffset` on, and cuts the log behind the last one. */
  recover(startOffset: number, visit: RecordVisitor): RecoveredLog {
    this.endOffset = startOffset;
    for (const segment of this.log.segments.segments) {
      if (segment.endOffset <= startOffset) continue;
      const start = Math.max(startOffset, segment.startOffset);
      if (start > this.endOffset) this.lostAt ??= this.endOffset;
      this.scan(segment, start, visit);
      if (this.isAtTrustedEnd) break;
    }
    this.cut();
    return { endOffset: this.endOffset, lastStoreTimestamp: this.lastStoreTimestamp };
  }

  /** Bytes of the log in which records were lost so far. */
  get lostBytes(): number {
    return this.damage.reduce((sum, { length }) => sum + length, 0);
  }

  private get isAtTrustedEnd(): boolean {
    return this.lostAt !== undefined && this.lostAt >= this.trustedEnd;
  }

  private scan(segment: SegmentFile, startOffset: number, visit: RecordVisitor): void {
    const scanner = new RecordScanner(segment, visit);
    let next: number | undefined = startOffset;
    while (next !== undefined) {
      // Told before its records are visited, who must know that some are missing before them.
      if (this.lostAt !== undefined && scanner.isRecordAt(next)) this.endDamage(next);
      const end = scanner.walk(next);
      if (end > next) this.endOffset = end;
      this.lastStoreTimestamp = Math.max(this.lastStoreTimestamp, scanner.lastStoreTimestamp);
      if (scanner.isEndOfFile(end)) {
        if (this.lostAt === undefined) this.endOffset = segment.endOffset;
        return;
      }
      this.lostAt ??= end;
      next = this.isAtTrustedEnd ? undefined : scanner.findNext(end + 1);
    }
  }

  /** A sound record lies at `offset`: what was missing before it is damage, not the end of the log. */
  private endDamage(offset: number): void {
    this.report(this.lostAt!, offset);
    this.lostAt = undefined;
  }

  private report(from: number, to: number): void {
    for (let offset = from; offset < to;) {
      const segment = this.log.segments.find(offset);
      const end = Math.min(to, segment?.endOffset ?? this.log.segments.startAfter(offset));
      const path = segment?.path ?? this.log.segments.directory;
      this.damage.push({ path, offset, length: end - offset });
      this.logger.error(
        `Damaged commit log: no record can be read at bytes ${offset} to ${end - 1} (${path}, ` +
          `${end - offset} bytes). The messages there are lost; all others stay readable.`,
      );
      offset = end;
    }
  }

  /** The last records may lie where the disk cannot read now, and must not be overwritten or deleted. */
  private skipUnreadable(): void {
    const unreadable = this.log.segments.segments.findLast((segment) =>
      segment.unreadable.overlaps(this.endOffset, segment.endOffset),
    );
    if (unreadable === undefined) return;
    this.report(this.endOffset, unreadable.endOffset);
    this.endOffset = unreadable.endOffset;
  }

  private cut(): void {
    const { segments } = this.log;
    this.skipUnreadable();
    segments.removeFrom(this.endOffset + 1);
    const segment = segments.find(this.endOffset);
    if (this.isAtTrustedEnd || segment === undefined) return;
    const contentEnd = new RecordScanner(segment, () => {}).endOfContent(this.endOffset);
    if (contentEnd === this.endOffset) return;
    this.logger.warn(
      `The commit log ends at byte ${this.endOffset}: what follows in ${segment.path} up to byte ${contentEnd} is no ` +
        'complete record and was cut off',
    );
    // Left there, these bytes could look like records once new ones reach up to them.
    segment.clearFrom(this.endOffset);
    this.log.sync(segment.startOffset, contentEnd);
  }
}
