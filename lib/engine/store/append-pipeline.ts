import type { Clock } from '../../common/clock.js';
import { MessageConst } from '../../common/message-const.js';
import { StoreError } from '../../errors/store.error.js';
import { AppendBatch, type PutMessageCallback } from './append-batch.js';
import { MAX_RECORD_EXCESS, type CommitLog } from './commit-log.js';
import type { ConsumeQueue } from './consume-queue.js';
import type { DispatchRequest } from './dispatch-request.js';
import { isDiskFull, type FileCallback } from '../../common/file-system.js';
import {
  FlushRealTimeService,
  GroupCommitService,
  type FlushService,
  type FlushTarget,
} from './flush-service.js';
import { MAX_RECORD_OVERHEAD } from './message-ext-encoder.js';
import type { MessageExtBrokerInner } from './message-ext-broker-inner.js';
import type { MessageStoreConfig } from './message-store-config.js';
import type { PutMessageStatus } from './put-message-status.js';
import type { RunningFlags } from './running-flags.js';
import { BLANK_LENGTH, blankRecord, SegmentRoller } from './segment-roller.js';
import { SegmentFiller } from './segment-filler.js';
import { syncAll, type SegmentFile } from './segment-file.js';
import type { StoreFiles } from './segment-file-queue.js';
import { tagsCodeOf } from './tags-code.js';

export interface AppendPipelineOptions {
  readonly config: MessageStoreConfig;
  readonly delayLevels: readonly number[];
  readonly files: StoreFiles;
  readonly clock: Clock;
  readonly flags: RunningFlags;
  /** Called when records are as safe as `flushDiskType` promises, before anyone is answered. */
  readonly onCommitted: (records: readonly DispatchRequest[]) => void;
  /** Called after their senders were answered. */
  readonly onAnswered: (records: readonly DispatchRequest[]) => void;
}

/** Staged bytes that lie in one piece in memory and in one file. */
interface Extent {
  readonly segment: SegmentFile;
  readonly buffer: Buffer;
  readonly position: number;
  readonly offset: number;
  readonly length: number;
  /** Absent for the blank at the end of a file. */
  readonly batch: AppendBatch | undefined;
}

type StageStatus = PutMessageStatus | 'CHUNK_FULL' | 'END_OF_FILE';

/**
 * The only writer of the commit log. Records of one turn of the event loop are encoded behind one another, written
 * with one system call, flushed together and answered together.
 */
export class AppendPipeline implements FlushTarget {
  private readonly flushService: FlushService;
  private readonly filler = new SegmentFiller();
  private readonly roller: SegmentRoller;
  /** Files that were written since their last flush. */
  private readonly dirty = new Set<SegmentFile>();
  private segment: SegmentFile | undefined;
  private staged: AppendBatch | undefined;
  /** Where the staged batch begins. */
  private stagedOffset = 0;
  /** Sealed extents that the kernel does not have yet. */
  private unwritten: Extent[] = [];
  /** Batches that the kernel took or refused in this turn, to be answered at its end. */
  private written: { readonly batch: AppendBatch; readonly isKept: boolean }[] = [];
  private onDrained: (() => void) | undefined;
  private isTurnScheduled = false;
  /** What the records of the staged batch say. */
  private lastStoreTimestamp = 0;
  /** Behind the last staged record. */
  endOffset = 0;
  /** The disk has the log up to here. */
  private syncedOffset = 0;

  constructor(
    private readonly log: CommitLog,
    private readonly options: AppendPipelineOptions,
  ) {
    const { config, clock } = options;
    this.roller = new SegmentRoller(log.segments, options.files);
    this.flushService =
      config.flushDiskType === 'SYNC_FLUSH'
        ? new GroupCommitService(this, clock, config.syncFlushTimeout)
        : new FlushRealTimeService(this, clock, config.flushIntervalCommitLog);
  }

  /**
   * Continues behind the last record of the log, of which the disk may lack what lies behind `syncedOffset`: it must have
   * it before anything is built on it.
   */
  open(endOffset: number, lastStoreTimestamp: number, syncedOffset: number): void {
    const { segments } = this.log;
    this.endOffset = this.stagedOffset = this.log.maxOffset = this.syncedOffset = endOffset;
    this.lastStoreTimestamp = lastStoreTimestamp;
    this.log.tail.startChunk(endOffset, endOffset);
    for (const segment of segments.segments) if (segment.endOffset > syncedOffset) segment.sync();
    if (segments.first !== undefined) this.options.files.fileSystem.syncDirectory(segments.directory);
    this.segment = segments.find(endOffset);
    if (this.segment !== undefined) this.startFiller(this.segment);
  }

  /**
   * Appends messages of one queue, all or none of them, in one file. `callback` is called once, at once when they
   * are refused.
   */
  append(
    messages: readonly MessageExtBrokerInner[],
    queue: ConsumeQueue,
    waitStoreMsgOK: boolean,
    callback: PutMessageCallback,
  ): void {
    const status = this.stageInPlace(messages, queue);
    if (status !== 'PUT_OK') return callback.onPut(status, [], 0, 0);
    const batch = this.staged!;
    batch.await(callback, batch.records.length - messages.length, waitStoreMsgOK);
    this.scheduleTurn();
  }

  syncWritten(done: FileCallback): void {
    const segments = [...this.dirty];
    // What is written from now on is for the next flush, or this one would not end under load.
    this.dirty.clear();
    const end = this.log.maxOffset;
    syncAll(segments, (error) => {
      if (error === null) this.syncedOffset = end;
      done(error);
    });
  }

  /** Bytes that were appended, and that a power cut could still take. */
  get unflushedBytes(): number {
    return this.endOffset - this.syncedOffset;
  }

  /** Makes everything committed survive a power cut. */
  sync(done: FileCallback): void {
    this.flushService.sync((error) => done(error ?? this.options.flags.fault ?? null));
  }

  committed(batch: AppendBatch): void {
    this.options.onCommitted(batch.records);
    batch.answer('PUT_OK');
    this.options.onAnswered(batch.records);
  }

  flushFailed(error: Error, batches: readonly AppendBatch[]): void {
    this.setFault('flush', error);
    for (const batch of batches) batch.answer('SERVICE_NOT_AVAILABLE');
  }

  /** Whether a disk that was full has room again. */
  hasRoom(): boolean {
    if (this.segment === undefined) return true;
    const length = Math.min(PROBE.length, this.segment.endOffset - this.log.maxOffset);
    return this.fillWithZeros(this.segment, this.log.maxOffset, length);
  }

  /** Writes, flushes and answers everything that was appended. */
  async close(): Promise<void> {
    this.filler.stop();
    await new Promise<void>((resolve) => {
      this.onDrained = resolve;
      this.writeStaged();
    });
    if (this.filler.isFilling) await new Promise<void>((resolve) => this.filler.whenFree(resolve));
    await new Promise<void>((resolve) => this.flushService.stop(resolve));
    if (this.options.flags.fault === undefined) await new Promise<void>((resolve) => this.syncLast(resolve));
    if (this.segment !== undefined) this.log.segments.removeFrom(this.segment.endOffset);
  }

  private syncLast(done: () => void): void {
    this.syncWritten((error) => {
      if (error !== null) this.flushFailed(error, []);
      done();
    });
  }

  private stageInPlace(messages: readonly MessageExtBrokerInner[], queue: ConsumeQueue): PutMessageStatus {
    let status = this.stage(messages, queue);
    if (status === 'CHUNK_FULL') {
      this.seal();
      this.write();
      this.log.tail.startChunk(this.endOffset, this.log.maxOffset);
      status = this.stage(messages, queue);
    }
    if (status === 'END_OF_FILE') status = this.roll() ?? this.stage(messages, queue);
    return status === 'CHUNK_FULL' || status === 'END_OF_FILE' ? 'MESSAGE_ILLEGAL' : status;
  }

  /** Encodes messages behind the staged ones, all or none of them. */
  private stage(messages: readonly MessageExtBrokerInner[], queue: ConsumeQueue): StageStatus {
    if (this.segment === undefined) return 'END_OF_FILE';
    const batch = (this.staged ??= this.newBatch());
    const start = this.endOffset;
    const first = batch.records.length;
    let status: StageStatus = 'PUT_OK';
    for (let i = 0; i < messages.length && status === 'PUT_OK'; i++) {
      status = this.encode(messages[i]!, queue, batch);
    }
    if (status === 'PUT_OK') status = this.fitInFile(this.endOffset - start, this.segment);
    if (status !== 'PUT_OK') this.unstage(batch, first, start, queue);
    return status;
  }

  private newBatch(): AppendBatch {
    const now = this.options.clock.now();
    // Store timestamps never fall along the log, even if the clock does.
    this.lastStoreTimestamp = Math.max(this.lastStoreTimestamp, now);
    return new AppendBatch(now);
  }

  private fitInFile(length: number, segment: SegmentFile): StageStatus {
    if (length + BLANK_LENGTH > segment.size) return 'MESSAGE_ILLEGAL';
    return this.endOffset + BLANK_LENGTH > segment.endOffset ? 'END_OF_FILE' : 'PUT_OK';
  }

  private unstage(batch: AppendBatch, first: number, start: number, queue: ConsumeQueue): void {
    queue.nextOffset -= batch.records.length - first;
    batch.records.length = first;
    this.endOffset = start;
    this.log.tail.truncate(start);
    if (first === 0) this.staged = undefined;
  }

  private encode(message: MessageExtBrokerInner, queue: ConsumeQueue, batch: AppendBatch): StageStatus {
    const { tail } = this.log;
    const { topicBytes } = queue;
    const maxSize = message.body.length + topicBytes.length + MAX_RECORD_OVERHEAD;
    if (tail.position + maxSize > tail.chunkSize) return 'CHUNK_FULL';
    const { endOffset, lastStoreTimestamp } = this;
    const queueOffset = queue.nextOffset;
    const size = tail.encode(message, topicBytes, queueOffset, endOffset, lastStoreTimestamp);
    if (size < 0) return 'PROPERTIES_SIZE_EXCEEDED';
    if (size > this.options.config.maxMessageSize + MAX_RECORD_EXCESS) return 'MESSAGE_ILLEGAL';
    const { sysFlag, properties } = message;
    batch.records.push({
      queue,
      commitLogOffset: endOffset,
      msgSize: size,
      tagsCode: tagsCodeOf(queue.topic, properties, this.options.delayLevels, lastStoreTimestamp),
      storeTimestamp: lastStoreTimestamp,
      consumeQueueOffset: queueOffset,
      sysFlag,
      uniqKey: properties.get(MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX),
      keys: properties.get(MessageConst.KEYS),
    });
    tail.advance(size);
    this.endOffset = endOffset + size;
    queue.nextOffset = queueOffset + 1;
    return 'PUT_OK';
  }

  private scheduleTurn(): void {
    if (this.isTurnScheduled) return;
    this.isTurnScheduled = true;
    this.options.clock.setImmediate(() => {
      this.isTurnScheduled = false;
      this.writeStaged();
    });
  }

  /** Whoever is answered may append at once, so nothing is answered before everything here is in order. */
  writeStaged(): void {
    this.seal();
    this.write();
    const { written } = this;
    this.written = [];
    for (const { batch, isKept } of written) {
      if (isKept) this.flushService.submit(batch);
      else batch.answer('SERVICE_NOT_AVAILABLE');
    }
    if (this.unwritten.length === 0) this.onDrained?.();
  }

  /** Closes the staged batch. */
  private seal(): void {
    const batch = this.staged;
    if (batch === undefined) return;
    const { tail } = this.log;
    const offset = this.stagedOffset;
    const position = tail.positionOf(offset);
    const length = this.endOffset - offset;
    this.unwritten.push({
      segment: this.segment!,
      buffer: tail.buffer,
      position,
      offset,
      length,
      batch,
    });
    this.staged = undefined;
    this.stagedOffset = this.endOffset;
  }

  /** Hands sealed extents to the kernel, up to one where zeros are being filled in: that one waits. */
  private write(): void {
    for (let extent = this.unwritten[0]; extent !== undefined; extent = this.unwritten[0]) {
      const { segment, buffer, position, offset, length, batch } = extent;
      if (!this.filler.isFree(offset, offset + length)) return this.filler.whenFree(() => this.writeStaged());
      try {
        if (this.options.flags.fault !== undefined) throw this.options.flags.fault;
        segment.write(buffer, position, length, offset);
      } catch (error) {
        return this.writeFailed(extent, error as Error);
      }
      this.unwritten.shift();
      this.dirty.add(segment);
      this.log.maxOffset = batch === undefined ? segment.endOffset : offset + length;
      if (batch !== undefined) this.written.push({ batch, isKept: true });
      this.filler.advance(segment, offset + length);
    }
  }

  /** As if nothing from this extent on had been appended; what is appended next takes its place. */
  private writeFailed({ segment, offset, length }: Extent, error: Error): void {
    const failed = this.unwritten;
    this.unwritten = [];
    this.endOffset = this.stagedOffset = offset;
    this.segment = segment;
    this.log.tail.truncate(offset);
    if (isDiskFull(error)) {
      this.setDiskFull(error);
      // What the disk did take must not look like a record to a later recovery.
      this.fillWithZeros(segment, offset, length);
    } else {
      this.setFault('write', error);
    }
    for (const { batch } of failed.toReversed()) {
      if (batch === undefined) continue;
      for (const { queue, consumeQueueOffset } of batch.records.toReversed())
        queue.nextOffset = consumeQueueOffset;
      this.written.push({ batch, isKept: false });
    }
  }

  /** Ends the current file with a blank and goes on in the next one; a status when that is not possible. */
  private roll(): PutMessageStatus | undefined {
    this.seal();
    const full = this.segment;
    try {
      this.segment = this.roller.next(full?.endOffset ?? this.endOffset);
    } catch (error) {
      if (isDiskFull(error)) this.setDiskFull(error as Error);
      this.options.files.logger.error(`The next commit-log file cannot be created: ${String(error)}`);
      return 'CREATE_MAPPED_FILE_FAILED';
    }
    if (full !== undefined) this.unwritten.push(blankExtent(full, this.endOffset));
    this.endOffset = this.stagedOffset = this.segment.startOffset;
    this.log.tail.startChunk(this.endOffset, this.log.maxOffset);
    this.startFiller(this.segment);
    this.roller.prepare(this.segment.endOffset);
    return undefined;
  }

  /** Only with a flush for every batch is there something to gain. */
  private startFiller(segment: SegmentFile): void {
    if (this.options.config.flushDiskType === 'SYNC_FLUSH') this.filler.start(segment, this.endOffset);
  }

  private fillWithZeros(segment: SegmentFile, offset: number, length: number): boolean {
    try {
      for (let done = 0; done < length; done += PROBE.length) {
        segment.write(PROBE, 0, Math.min(PROBE.length, length - done), offset + done);
      }
      return true;
    } catch {
      return false;
    }
  }

  private setDiskFull(error: Error): void {
    const { flags, files } = this.options;
    flags.diskFull = true;
    files.logger.error(
      `Sending is refused until there is room: the disk of the commit log is full (${error.message})`,
    );
  }

  private setFault(operation: string, error: Error): void {
    const { flags, files } = this.options;
    flags.fault ??= new StoreError(
      `The commit log could not be ${operation === 'flush' ? 'flushed' : 'written'} (${error.message}). ` +
        'The store is read-only until it is opened again: it is not known what of the last messages the disk has.',
      error,
    );
    files.logger.error(flags.fault.message);
  }
}

function blankExtent(segment: SegmentFile, offset: number): Extent {
  const buffer = blankRecord(segment.endOffset - offset);
  return { segment, buffer, position: 0, offset, length: BLANK_LENGTH, batch: undefined };
}

/** What a disk that was full must take before sending resumes. */
const PROBE = Buffer.alloc(65_536);
