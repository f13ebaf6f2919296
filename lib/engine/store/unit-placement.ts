import type { Logger } from '../../common/logger.js';
import { MIN_RECORD_SIZE } from '../../common/message-layout.js';
import type { CommitLog } from './commit-log.js';
import type { ConsumeQueue } from './consume-queue.js';
import type { ConsumeQueueStore } from './consume-queue-store.js';
import { isPlausible } from './cq-unit.js';
import type { DispatchRequest } from './dispatch-request.js';
import { leadsToRecord } from './record-head.js';

/** Messages that a single record may make a queue lack. */
const MAX_UNEXPLAINED_GAP = 100_000;

export interface UnitPlacementOptions {
  readonly log: CommitLog;
  readonly queues: ConsumeQueueStore;
  readonly logger: Logger;
  /** Whether the records come from the whole log: then units that are missing before one are lost with their records. */
  readonly isFullScan: boolean;
  /** Whether the queues should have all units of what lies before the scanned part, up to their {@link knownEnd}. */
  readonly isComplete: boolean;
  /** Bytes of the log in which records were lost so far. */
  readonly lostBytes: () => number;
  /** How far a queue reached once, as far as that is known. */
  readonly knownEnd: (queue: ConsumeQueue) => number;
}

/** Puts records that are found in the log, in its order, into their places in the ConsumeQueues. */
export class UnitPlacement {
  /** Whether a record was met whose ConsumeQueue lacks units before it, which may lie before the scanned part. */
  hasGap = false;
  /** Records whose queue offset leaves a gap that nothing explains: it may be damaged, as not all brokers protect it. */
  private readonly doubtful = new Map<ConsumeQueue, { request: DispatchRequest; maxOffset: number }>();

  constructor(private readonly options: UnitPlacementOptions) {}

  place(request: DispatchRequest): void {
    const { queue, consumeQueueOffset: offset } = request;
    if (offset < queue.minOffset && !this.beginEarlier(request)) return;
    if (offset < queue.maxOffset) return this.compare(request);
    if (!this.isBehindLastUnit(request)) return;
    if (offset > queue.maxOffset && !this.closeGap(request)) return;
    this.append(request);
  }

  /** Decides on the offsets that are still in doubt: one with which its queue ends is rather believed. */
  finish(): void {
    for (const [queue, { request, maxOffset }] of this.doubtful) {
      const isLast = queue.maxOffset === maxOffset;
      if (!isLast || request.consumeQueueOffset - maxOffset > MAX_UNEXPLAINED_GAP) this.reject(request);
      else this.appendBehindGap(request);
    }
  }

  private reject({ queue, commitLogOffset, msgSize, consumeQueueOffset }: DispatchRequest): void {
    this.options.logger.error(
      `The record at byte ${commitLogOffset} of the commit log (${msgSize} bytes) says that it is message ` +
        `${consumeQueueOffset} of ${queue.topic}/${queue.queueId}, which ends at ${queue.maxOffset}: the message is lost`,
    );
  }

  /** A queue whose first file is missing begins too late. */
  private beginEarlier({ queue, consumeQueueOffset, commitLogOffset }: DispatchRequest): boolean {
    const first = queue.unitAt(queue.minOffset);
    if (isPlausible(first) && first.commitLogOffset < commitLogOffset) return false;
    this.hasGap = true;
    if (this.options.isFullScan) queue.beginAt(consumeQueueOffset);
    return this.options.isFullScan;
  }

  /** A unit that leads to its record is right, whatever a later record with the same offset says. */
  private compare(request: DispatchRequest): void {
    const { queue, consumeQueueOffset: offset, commitLogOffset, msgSize, tagsCode } = request;
    const unit = queue.unitAt(offset);
    const isEqual =
      unit?.commitLogOffset === commitLogOffset && unit.msgSize === msgSize && unit.tagsCode === tagsCode;
    if (isEqual && !queue.lost.has(offset)) return;
    if (unit?.commitLogOffset !== commitLogOffset && leadsToRecord(this.options.log, queue, offset)) return;
    queue.repairUnit(offset, commitLogOffset, msgSize, tagsCode);
  }

  /** A record that lies before the last one of its queue is left over from before the queue was deleted or cut. */
  private isBehindLastUnit({ queue, commitLogOffset }: DispatchRequest): boolean {
    const last = queue.unitAt(queue.maxOffset - 1);
    return !(
      isPlausible(last) &&
      last.commitLogOffset >= commitLogOffset &&
      leadsToRecord(this.options.log, queue, queue.maxOffset - 1)
    );
  }

  /** Whether the queue now reaches up to the record. */
  private closeGap(request: DispatchRequest): boolean {
    const { queue, consumeQueueOffset: offset } = request;
    if (!this.options.isFullScan && !this.isLostHere(queue, offset)) {
      this.hasGap = true;
      return false;
    }
    const doubtful = this.doubtful.get(queue);
    if (doubtful?.request.consumeQueueOffset === offset - 1) {
      // Two records that agree are right.
      this.appendBehindGap(doubtful.request);
      this.doubtful.delete(queue);
      return true;
    }
    if (!this.isExplained(queue, offset)) {
      if (doubtful !== undefined) this.reject(doubtful.request);
      this.doubtful.set(queue, { request, maxOffset: queue.maxOffset });
      return false;
    }
    queue.fillWithLost(offset);
    return true;
  }

  /** Whether messages that a queue lacks were in the scanned part, and so many can have been lost there, as by a power cut. */
  private isLostHere(queue: ConsumeQueue, offset: number): boolean {
    const { isComplete, knownEnd, lostBytes } = this.options;
    if (!isComplete || queue.maxOffset < knownEnd(queue)) return false;
    return offset - queue.maxOffset <= lostBytes() / MIN_RECORD_SIZE;
  }

  /** Whether so many messages of a queue can have been lost, or have expired with the log before its first file. */
  private isExplained(queue: ConsumeQueue, offset: number): boolean {
    const { log, lostBytes, knownEnd } = this.options;
    const last = queue.unitAt(queue.maxOffset - 1);
    const expiredBytes = Math.max(log.minOffset - (isPlausible(last) ? last.commitLogOffset : 0), 0);
    const goneRecords = (lostBytes() + expiredBytes) / MIN_RECORD_SIZE;
    return offset - queue.maxOffset <= goneRecords || offset <= knownEnd(queue);
  }

  private appendBehindGap(request: DispatchRequest): void {
    request.queue.fillWithLost(request.consumeQueueOffset);
    this.append(request);
  }

  private append(request: DispatchRequest): void {
    this.options.queues.append(request);
    request.queue.relieve();
  }
}
