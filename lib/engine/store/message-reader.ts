import type { Allocator } from '../../common/buffer-pool.js';
import type { Clock } from '../../common/clock.js';
import { int32At } from '../../common/int64.js';
import { isWellFormed } from '../../common/message-decoder.js';
import { MIN_RECORD_SIZE } from '../../common/message-layout.js';
import { NO_BYTES } from '../../common/no-bytes.js';
import type { CommitLog } from './commit-log.js';
import type { ConsumeQueue } from './consume-queue.js';
import { CQ_UNIT_SIZE, readCqUnit, type CqUnit } from './cq-unit.js';
import { FilteredRead } from './filtered-read.js';
import type {
  GetMessageCallback,
  GetMessageResult,
  GetMessageStatus,
  MessageFilter,
  RecordFilter,
  UnitFilter,
} from './get-message-result.js';
import type { MessageStoreConfig } from './message-store-config.js';
import { hasPhysicalOffset, hasValidChecksum, isOfQueue } from './record-check.js';
import { leadsToRecord } from './record-head.js';
import { RecordLoader, type PickedRecord } from './record-loader.js';
import type { UnitRepair } from './unit-repair.js';

/** ConsumeQueue units that are read at once. */
const UNITS_PER_READ = 64;
/** Bytes: what a unit says beyond it must be true before as much is allocated and read. */
const LARGE_RECORD = 16 * 1024 * 1024;

export interface GetMessageRequest {
  readonly queue: ConsumeQueue;
  readonly offset: number;
  readonly maxMsgNums: number;
  readonly filter: MessageFilter | undefined;
  /** Where the records go. */
  readonly allocator?: Allocator | undefined;
}

/** A request without a look into records. */
interface UnitRequest extends Omit<GetMessageRequest, 'filter'> {
  readonly filter: UnitFilter | undefined;
}

/** The outcome of looking through ConsumeQueue units. */
interface Selection {
  readonly picks: PickedRecord[];
  totalSize: number;
  /** The first offset that was not looked at. */
  nextOffset: number;
  /** Whether a unit named a record that is no longer in the log. */
  metRemoved: boolean;
  /** A unit that cannot be right, at which the selection ended. */
  damagedAt: number | undefined;
  /** Why a unit could not be read, at which the selection ended. */
  error: Error | undefined;
}

/** Reads messages of a queue (DefaultMessageStore#getMessage), and never returns one whose checksum does not hold. */
export class MessageReader {
  private readonly units = Buffer.alloc(UNITS_PER_READ * CQ_UNIT_SIZE);
  private readonly loader: RecordLoader;

  constructor(
    private readonly log: CommitLog,
    private readonly config: MessageStoreConfig,
    private readonly repair: UnitRepair,
    clock: Clock,
    /** Why messages that may be there cannot be read now. */
    private readonly onError: (error: Error) => void,
  ) {
    this.loader = new RecordLoader(log, clock, config.accessMessageInMemoryMaxRatio);
  }

  /** Reads from the disk that are under way. */
  get coldReads(): number {
    return this.loader.coldReads;
  }

  /** Whether what a unit stands for can be read at once, if there is anything. */
  isAtHand(unit: CqUnit | undefined): boolean {
    return unit === undefined || this.loader.isAtHand(unit.commitLogOffset);
  }

  /** `callback` is called at once unless a record must come from the disk. */
  read(request: GetMessageRequest, callback: GetMessageCallback): void {
    const { filter } = request;
    if (filter === undefined) this.readUnits({ ...request, filter }, callback);
    else if ('ofUnit' in filter) this.readUnits({ ...request, filter: filter.ofUnit }, callback);
    else this.readRecords(request, filter.ofRecord, callback);
  }

  private readRecords(request: GetMessageRequest, filter: RecordFilter, callback: GetMessageCallback): void {
    const { maxTransferCountOnMessageInMemory, maxTransferBytesOnMessageInMemory: maxBytes } = this.config;
    const maxMsgNums = Math.min(request.maxMsgNums, maxTransferCountOnMessageInMemory);
    const limits = { maxMsgNums, maxBytes, scanEnd: this.scanEnd(request) };
    const round: UnitRequest = { ...request, filter: undefined };
    const read = (offset: number, done: GetMessageCallback) => this.readUnits({ ...round, offset }, done);
    new FilteredRead(read, filter, limits, callback).run(request.offset);
  }

  private readUnits(request: UnitRequest, callback: GetMessageCallback): void {
    const selection = this.select(request);
    if (selection.picks.length > 0) return this.load(request, selection, callback);
    if (selection.error !== undefined) return this.fail(request, selection.error, callback);
    if (selection.damagedAt !== undefined) return this.repairAndRead(request, selection.damagedAt, callback);
    const status = selection.metRemoved ? 'MESSAGE_WAS_REMOVING' : 'NO_MATCHED_MESSAGE';
    callback(this.result(request, status, selection.nextOffset, NO_BYTES, 0));
  }

  private repairAndRead(request: UnitRequest, offset: number, callback: GetMessageCallback): void {
    this.repair.repair(request.queue, offset, (error) => {
      if (error === null) this.readUnits(request, callback);
      else this.fail(request, error, callback);
    });
  }

  private fail(request: UnitRequest, error: Error, callback: GetMessageCallback): void {
    this.onError(error);
    callback(this.result(request, 'SERVICE_NOT_AVAILABLE', request.offset, NO_BYTES, 0));
  }

  private scanEnd({ offset, maxMsgNums }: Omit<GetMessageRequest, 'filter'>): number {
    const { maxFilterMessageSize, maxTransferCountOnMessageInMemory } = this.config;
    const wanted = Math.min(maxMsgNums, maxTransferCountOnMessageInMemory);
    return offset + Math.max(Math.floor(maxFilterMessageSize / CQ_UNIT_SIZE), wanted);
  }

  private select(request: UnitRequest): Selection {
    const selection: Selection = {
      picks: [],
      totalSize: 0,
      nextOffset: request.offset,
      metRemoved: false,
      damagedAt: undefined,
      error: undefined,
    };
    try {
      this.fill(selection, request);
    } catch (error) {
      selection.error = error as Error;
    }
    return selection;
  }

  private fill(selection: Selection, request: UnitRequest): void {
    const { queue, maxMsgNums, filter } = request;
    const scanEnd = this.scanEnd(request);
    while (selection.nextOffset < scanEnd) {
      const wanted = Math.min(scanEnd - selection.nextOffset, UNITS_PER_READ);
      const present = queue.readUnits(selection.nextOffset, wanted, this.units);
      for (let i = 0; i < present; i++) {
        if (!this.consider(selection, queue, i * CQ_UNIT_SIZE, maxMsgNums, filter)) return;
        selection.nextOffset++;
      }
      if (present < wanted) return;
    }
  }

  /** Looks at one unit; false when the selection ends before it. */
  private consider(
    selection: Selection,
    queue: ConsumeQueue,
    position: number,
    maxMsgNums: number,
    filter: UnitFilter | undefined,
  ): boolean {
    const { nextOffset: queueOffset, picks } = selection;
    if (!queue.lost.isEmpty && queue.lost.has(queueOffset)) return true;
    if (queueOffset < queue.minOffset) {
      selection.metRemoved = true;
      return true;
    }
    const { commitLogOffset, msgSize: size, tagsCode } = readCqUnit(this.units, position);
    if (
      size < MIN_RECORD_SIZE ||
      commitLogOffset < this.log.minOffset ||
      commitLogOffset + size > this.log.maxOffset ||
      (size > LARGE_RECORD && !leadsToRecord(this.log, queue, queueOffset))
    ) {
      selection.damagedAt = queueOffset;
      return false;
    }
    if (this.log.segments.hasGap && this.log.segments.find(commitLogOffset) === undefined) {
      selection.metRemoved = true;
      return true;
    }
    if (filter !== undefined && !filter(tagsCode)) return true;
    if (this.isEnough(selection, commitLogOffset, size, maxMsgNums)) return false;
    picks.push({ queueOffset, commitLogOffset, size, target: selection.totalSize });
    selection.totalSize += size;
    return true;
  }

  /** Whether a further record would exceed the limits of a pull (DefaultMessageStore#isTheBatchFull). */
  private isEnough(selection: Selection, commitLogOffset: number, size: number, maxMsgNums: number): boolean {
    const { config } = this;
    const count = selection.picks.length;
    if (count === 0) return false;
    const isHot = this.isHot(commitLogOffset);
    const maxCount = isHot
      ? config.maxTransferCountOnMessageInMemory
      : config.maxTransferCountOnMessageInDisk;
    const maxBytes = isHot
      ? config.maxTransferBytesOnMessageInMemory
      : config.maxTransferBytesOnMessageInDisk;
    return count >= Math.min(maxMsgNums, maxCount) || selection.totalSize + size > maxBytes;
  }

  /** Whether a record counts as being in memory. */
  isHot(commitLogOffset: number): boolean {
    return this.loader.isHot(commitLogOffset);
  }

  private load(request: UnitRequest, selection: Selection, callback: GetMessageCallback): void {
    const { picks, totalSize } = selection;
    const target = request.allocator?.allocate(totalSize) ?? Buffer.allocUnsafe(totalSize);
    this.loader.load(picks, target, (error) => {
      if (error === null) this.finish(request, selection, target, callback);
      // Those before the one that cannot be read need not wait for it.
      else if (picks.length > 1) this.readUnits({ ...request, maxMsgNums: 1 }, callback);
      else this.fail(request, error, callback);
    });
  }

  private finish(
    request: UnitRequest,
    selection: Selection,
    records: Buffer,
    callback: GetMessageCallback,
  ): void {
    const { picks } = selection;
    const badIndex = picks.findIndex((pick) => !this.isSound(pick, request.queue, records));
    if (badIndex >= 0) this.loader.forget(picks[badIndex]!.commitLogOffset);
    if (badIndex === 0) return this.repairAndRead(request, picks[0]!.queueOffset, callback);
    if (badIndex < 0)
      return callback(this.result(request, 'FOUND', selection.nextOffset, records, picks.length));
    const bad = picks[badIndex]!;
    callback(this.result(request, 'FOUND', bad.queueOffset, records.subarray(0, bad.target), badIndex));
  }

  private isSound(pick: PickedRecord, queue: ConsumeQueue, records: Buffer): boolean {
    const start = pick.target;
    if (int32At(records, start) !== pick.size || !isWellFormed(records, start)) return false;
    if (!hasPhysicalOffset(records, start, pick.commitLogOffset)) return false;
    if (!isOfQueue(records, start, queue, pick.queueOffset)) return false;
    // In memory are the bytes that the checksum was computed from.
    return this.log.tail.holds(pick.commitLogOffset) || hasValidChecksum(records, start);
  }

  private result(
    { queue }: UnitRequest,
    status: GetMessageStatus,
    nextBeginOffset: number,
    messages: Buffer,
    messageCount: number,
  ): GetMessageResult {
    const { minOffset, maxOffset } = queue;
    return { status, nextBeginOffset, minOffset, maxOffset, messages, messageCount };
  }
}
