import type { Logger } from '../../common/logger.js';
import { hasQueueOffset } from '../../common/message-sys-flag.js';
import { readOffset } from '../../common/int64.js';
import { RecordLayout, storeTimestampPosition } from '../../common/message-layout.js';
import { isSystemTopic } from '../../common/topic-validator.js';
import type { CommitLog } from './commit-log.js';
import { CommitLogRecovery, type RecoveredLog } from './commit-log-recovery.js';
import { isQueueName, type ConsumeQueueStore } from './consume-queue-store.js';
import { isPlausible } from './cq-unit.js';
import type { DeletedTopics } from './deleted-topics.js';
import { readDispatchRequest, readRecordQueue } from './dispatch-request.js';
import type { IndexService } from './index-service.js';
import { QueueEndCheck } from './queue-end-check.js';
import type { QueueEndTable } from './queue-end-table.js';
import { leadsToRecord, readRecordHead } from './record-head.js';
import { SAFETY_MARGIN, type StoreCheckpoint } from './store-checkpoint.js';
import { UnitPlacement } from './unit-placement.js';

export interface StoreParts {
  readonly log: CommitLog;
  readonly queues: ConsumeQueueStore;
  readonly index: IndexService | undefined;
  readonly checkpoint: StoreCheckpoint;
  readonly queueEnds: QueueEndTable;
  readonly deleted: DeletedTopics;
  readonly delayLevels: readonly number[];
  readonly logger: Logger;
  readonly savedTopics: (() => ReadonlySet<string> | undefined) | undefined;
}

export interface LoadedStore extends RecoveredLog {
  /** The disk has the log up to here for certain. */
  readonly syncedOffset: number;
}

/** How many topics a line of the log names. */
const MAX_NAMED = 10;

/** Brings log, ConsumeQueues and index of a store to one common end when it is opened (DefaultMessageStore#load). */
export class StoreLoader {
  private readonly ends: QueueEndCheck;
  /** All topics, if that is known. */
  private present: ReadonlySet<string> | undefined;
  private readonly gone = new Set<string>();

  constructor(private readonly parts: StoreParts) {
    const { log, queues, queueEnds, logger } = parts;
    this.ends = new QueueEndCheck(log, queues, queueEnds, logger);
  }

  load(isUnclean: boolean): LoadedStore {
    const { log, queues, index, checkpoint, queueEnds, deleted, logger } = this.parts;
    log.segments.load();
    this.reportMissingFiles();
    queues.load();
    log.segments.completeFiles();
    deleted.load(logger);
    deleted.finish(queues, logger);
    if (!isUnclean) this.present = this.presentTopics();
    checkpoint.load();
    queueEnds.load(checkpoint.logicsMsgTimestamp);
    for (const { topic } of queueEnds.ends()) this.isGone(topic, 0);
    index?.load(isUnclean);
    this.ends.note(isUnclean);
    if (!isUnclean) this.reportMissing(queueEnds.logStart ?? Infinity, log.minOffset);
    const loaded = log.segments.first === undefined ? this.replaceLog() : this.recover(isUnclean);
    deleted.clamp(loaded.endOffset);
    this.reportGone();
    this.ends.keepEnds();
    queues.finishRecovery(log.segments.first === undefined ? loaded.endOffset : log.minOffset);
    return loaded;
  }

  private recover(isUnclean: boolean): LoadedStore {
    const { queues, index, log, logger, checkpoint, queueEnds } = this.parts;
    const queueStart = isUnclean ? this.uncleanStart() : this.cleanStart();
    const trustedEnd = isUnclean ? undefined : queueEnds.logEnd;
    let reason = queueEnds.isDamaged ? `${queueEnds.path} is damaged` : this.ends.findShortened();
    if (isUnclean) index?.repair(queueStart, checkpoint.indexMsgTimestamp);
    if (reason === undefined) {
      if (isUnclean) queues.truncateFrom(queueStart);
      const start = Math.max(Math.min(queueStart, this.indexStart(isUnclean)), log.minOffset);
      const recovered = this.scan(start, false, trustedEnd);
      reason =
        recovered.fault ?? this.ends.findShortened() ?? (isUnclean ? this.findLostEnd(recovered) : undefined);
      if (reason === undefined)
        return { ...recovered, syncedOffset: isUnclean ? queueStart : recovered.endOffset };
    }
    logger.warn(`Rebuilding from the commit log: ${reason}`);
    return { ...this.scan(log.minOffset, true, trustedEnd), syncedOffset: isUnclean ? queueStart : Infinity };
  }

  /** `fault`: why the part of the log that was scanned is not enough. */
  private scan(
    startOffset: number,
    isFullScan: boolean,
    trustedEnd: number | undefined,
  ): RecoveredLog & { fault: string | undefined } {
    const { log, logger, queues, queueEnds } = this.parts;
    const length = (log.segments.last?.endOffset ?? 0) - startOffset;
    if (trustedEnd === undefined || isFullScan) {
      logger.log(
        `Checking the commit log from byte ${startOffset} on (up to ${Math.ceil(length / 2 ** 20)} MiB)`,
      );
    }
    const recovery = new CommitLogRecovery(log, logger, trustedEnd);
    const placement = new UnitPlacement({
      log,
      queues,
      logger,
      isFullScan,
      isComplete: startOffset <= (queueEnds.logEnd ?? -1),
      lostBytes: () => recovery.lostBytes,
      knownEnd: (queue) => this.ends.knownEnd(queue),
    });
    const recovered = recovery.recover(startOffset, (buffer, position) =>
      this.dispatch(placement, buffer, position),
    );
    placement.finish();
    queues.truncateFrom(recovered.endOffset);
    this.reportMissing(recovered.endOffset, trustedEnd ?? 0);
    return { ...recovered, fault: placement.hasGap ? 'a ConsumeQueue lacks entries' : undefined };
  }

  private dispatch(placement: UnitPlacement, buffer: Buffer, position: number): void {
    const { topic, queueId } = readRecordQueue(buffer, position);
    if (!isQueueName(topic, queueId)) return this.reportNameless(buffer, position);
    if (this.parts.deleted.has(topic, readOffset(buffer, position + RecordLayout.PHYSICAL_OFFSET))) return;
    const sysFlag = buffer.readInt32BE(position + RecordLayout.SYS_FLAG);
    if (this.isGone(topic, readOffset(buffer, position + storeTimestampPosition(sysFlag)))) return;
    const queue = this.parts.queues.findOrCreate(topic, queueId);
    const request = readDispatchRequest(buffer, position, queue, this.parts.delayLevels);
    if (hasQueueOffset(sysFlag)) placement.place(request);
    this.parts.index?.put(request);
    this.parts.index?.relieve();
  }

  /**
   * After a clean end, what has neither ConsumeQueues nor an entry in `topics.json` was deleted, by Apache's broker, which notes no more of it.
   * Where one of the two is missing as a whole, or may be, nothing is concluded.
   */
  private presentTopics(): ReadonlySet<string> | undefined {
    const { log, queues, savedTopics } = this.parts;
    const saved = savedTopics?.();
    const hasQueues = [...queues.all()].some((queue) => leadsToRecord(log, queue, queue.maxOffset - 1));
    if (saved === undefined || !hasQueues) return undefined;
    return new Set([...saved, ...[...queues.topics()].map(([topic]) => topic)]);
  }

  /** Of what is newer than the checkpoint, a broker that ended otherwise than it seems may not have written the queue. */
  private isGone(topic: string, storeTimestamp: number): boolean {
    const { checkpoint, deleted } = this.parts;
    if (this.present === undefined || this.present.has(topic) || isSystemTopic(topic)) return false;
    if (storeTimestamp > checkpoint.logicsMsgTimestamp) return false;
    deleted.addWhole(topic);
    this.gone.add(topic);
    return true;
  }

  private reportGone(): void {
    const { size } = this.gone;
    if (size === 0) return;
    const names = [...this.gone].slice(0, MAX_NAMED).join(', ');
    this.parts.logger.warn(
      `Records of ${size} topics that have neither a ConsumeQueue nor an entry in topics.json stay out, as deleted by Apache's broker: ${names}`,
    );
  }

  /** After a clean end: the newest record that a ConsumeQueue knows, or the start of its file when that is in doubt. */
  private cleanStart(): number {
    const { log, queues, queueEnds } = this.parts;
    let newest = log.minOffset;
    for (const queue of queues.all()) {
      const last = queue.maxOffset - 1;
      if (leadsToRecord(log, queue, last)) newest = Math.max(newest, queue.unitAt(last)!.commitLogOffset);
    }
    if (queueEnds.logEnd !== undefined) return newest;
    return log.segments.find(newest)?.startOffset ?? log.minOffset;
  }

  /** After a crash: the last record that the last checkpoint covers, or the start of a file before it. */
  private uncleanStart(): number {
    const { log, queues, queueEnds } = this.parts;
    for (const { topic, queueId, maxOffset } of queueEnds.ends()) {
      const queue = queues.findOrCreate(topic, queueId);
      const last = queue.unitAt(maxOffset - 1);
      const isLast = isPlausible(last) && last.commitLogOffset + last.msgSize === queueEnds.logEnd;
      if (isLast && leadsToRecord(log, queue, maxOffset - 1)) return last.commitLogOffset;
    }
    return this.checkpointFile();
  }

  /** The newest file whose first record is older than the checkpoint (CommitLog#isMappedFileMatchedRecover). */
  private checkpointFile(): number {
    const { log, checkpoint, queueEnds } = this.parts;
    const minTimestamp = Math.min(checkpoint.minTimestamp, queueEnds.checkpoint - SAFETY_MARGIN);
    let start = log.minOffset;
    for (const { startOffset } of log.segments.segments) {
      const storeTimestamp = readRecordHead(log, startOffset)?.storeTimestamp ?? 0;
      // One time may be damaged, and is then believed only if the ones before it agree.
      if (storeTimestamp > minTimestamp) break;
      if (storeTimestamp > 0) start = startOffset;
    }
    return start;
  }

  /** Where entries of the index may begin to be missing. */
  private indexStart(isUnclean: boolean): number {
    const { index, queueEnds } = this.parts;
    if (index === undefined) return Infinity;
    const { endPhyOffset, isIncomplete } = index;
    const isComplete =
      queueEnds.indexEnd === undefined ? !isUnclean && endPhyOffset > 0 : endPhyOffset >= queueEnds.indexEnd;
    return isComplete && !isIncomplete ? Infinity : endPhyOffset;
  }

  /** A checkpoint is written behind the log that it speaks of: one that is newer than the log is damaged, or the log is. */
  private findLostEnd({ lastStoreTimestamp }: RecoveredLog): string | undefined {
    const { physicMsgTimestamp, logicsMsgTimestamp } = this.parts.checkpoint;
    const isAhead = Math.min(physicMsgTimestamp, logicsMsgTimestamp) > lastStoreTimestamp;
    return isAhead ? 'the checkpoint is newer than the last message' : undefined;
  }

  /** Goes on behind the records that the queues name, so that no offset is given twice. */
  private replaceLog(): LoadedStore {
    const { log, queues, logger } = this.parts;
    let endOffset = 0;
    for (const queue of queues.all()) {
      const last = queue.unitAt(queue.maxOffset - 1);
      if (isPlausible(last)) endOffset = Math.max(endOffset, last.commitLogOffset + 1);
    }
    if (endOffset > 0) {
      logger.error(
        `All files of the commit log are missing in ${log.segments.directory}: all messages are lost`,
      );
    }
    const { fileSize } = log.segments;
    endOffset = Math.ceil(endOffset / fileSize) * fileSize;
    return { endOffset, lastStoreTimestamp: 0, syncedOffset: endOffset };
  }

  /** What no client could have sent is damage or worse. */
  private reportNameless(buffer: Buffer, position: number): void {
    const commitLogOffset = readOffset(buffer, position + RecordLayout.PHYSICAL_OFFSET);
    this.parts.logger.error(
      `The record at byte ${commitLogOffset} of the commit log (${buffer.readInt32BE(position)} bytes) names no ` +
        'possible queue: the message is lost',
    );
  }

  private reportMissingFiles(): void {
    const { segments } = this.parts.log.segments;
    for (let i = 1; i < segments.length; i++) {
      const from = segments[i - 1]!.endOffset;
      const to = segments[i]!.startOffset;
      this.reportMissing(from, to);
    }
  }

  private reportMissing(from: number, to: number): void {
    if (from >= to) return;
    this.parts.logger.error(
      `Bytes ${from} to ${to - 1} of the commit log are missing in ${this.parts.log.segments.directory}: ` +
        'the messages there are lost; all others stay readable.',
    );
  }
}
