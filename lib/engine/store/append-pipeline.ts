import type { Clock } from '../../common/clock.js';
import { LimitedLogger } from '../../common/limited-logger.js';
import { MessageConst } from '../../common/message-const.js';
import { AppendBatch, type PutMessageCallback } from './append-batch.js';
import type { CommitLog } from './commit-log.js';
import type { ConsumeQueue } from './consume-queue.js';
import { DispatchRequest } from './dispatch-request.js';
import { isDiskFull, type FileCallback } from '../../common/file-system.js';
import { FlushRealTimeService, type FlushService, type FlushTarget } from './flush-service.js';
import { GroupCommitService } from './group-commit-service.js';
import { LogWriter, type Extent } from './log-writer.js';
import { MAX_RECORD_OVERHEAD } from './message-ext-encoder.js';
import type { MessageExtBrokerInner } from './message-ext-broker-inner.js';
import type { MessageStoreConfig } from './message-store-config.js';
import type { PutMessageStatus } from './put-message-status.js';
import type { RunningFlags } from './running-flags.js';
import { BLANK_LENGTH, blankRecord, SegmentRoller } from './segment-roller.js';
import type { SegmentFile } from './segment-file.js';
import type { StoreFiles } from './segment-file-queue.js';
import { tagsCodeOf } from './tags-code.js';

/** Milliseconds by which the clock may be behind the last store timestamp: when it is more, that one was wrong. */
export const MAX_TIME_AHEAD = 24 * 3_600_000;

export interface AppendPipelineOptions {
  readonly config: MessageStoreConfig;
  readonly delayLevels: readonly number[];
  readonly files: StoreFiles;
  readonly clock: Clock;
  readonly flags: RunningFlags;
  /**
   * Called when records are as safe as `flushDiskType` promises, before anyone is answered, with when they were appended in the
   * time of `Clock.monotonicNow`.
   */
  readonly onCommitted: (records: readonly DispatchRequest[], appendedAt: number) => void;
  /** Called after their senders were answered. */
  readonly onAnswered: (records: readonly DispatchRequest[]) => void;
}

type StageStatus = PutMessageStatus | 'CHUNK_FULL' | 'END_OF_FILE';

/**
 * The only writer of the commit log. Records of one turn of the event loop are encoded behind one another, written
 * with one system call, flushed together and answered together.
 */
export class AppendPipeline implements FlushTarget {
  private readonly flushService: FlushService;
  private readonly writer: LogWriter;
  private readonly roller: SegmentRoller;
  private readonly rollFailures: LimitedLogger;
  private segment: SegmentFile | undefined;
  private staged: AppendBatch | undefined;
  /** Where the staged batch begins. */
  private stagedOffset = 0;
  /** Batches that the kernel took in this turn, or did not, for its end. */
  private written: AppendBatch[] = [];
  private refused: { readonly batch: AppendBatch; readonly failure: PutMessageStatus }[] = [];
  private onDrained: (() => void) | undefined;
  private isTurnScheduled = false;
  /** What the records of the staged batch say. */
  private lastStoreTimestamp = 0;
  /** Behind the last staged record. */
  endOffset = 0;
  /** Messages on their way to the disk. */
  private pendingMessages = 0;

  constructor(
    private readonly log: CommitLog,
    private readonly options: AppendPipelineOptions,
  ) {
    const { config, clock, files, flags } = options;
    this.roller = new SegmentRoller(log.segments, files);
    this.rollFailures = new LimitedLogger(files.logger, clock);
    this.writer = new LogWriter(log, {
      clock,
      files,
      flags,
      osPageCacheBusyTimeOutMills: config.osPageCacheBusyTimeOutMills,
      onWritten: (batch) => this.written.push(batch),
      onNotWritten: (extents) => this.takeBack(extents),
      onFree: () => this.writeStaged(),
      onStuck: () => this.refuseStaged(),
    });
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
    this.endOffset = this.stagedOffset = this.log.maxOffset = this.writer.syncedOffset = endOffset;
    this.lastStoreTimestamp = lastStoreTimestamp;
    this.log.tail.startChunk(endOffset, endOffset);
    this.log.sync(syncedOffset, endOffset);
    if (segments.first !== undefined) this.options.files.fileSystem.syncDirectory(segments.directory);
    this.segment = segments.find(endOffset);
    if (this.segment !== undefined) this.begin(this.segment);
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
    this.pendingMessages += messages.length;
    this.scheduleTurn();
  }

  syncWritten(done: FileCallback): void {
    this.writer.syncWritten(done);
  }

  /** Bytes that were appended, and that a power cut could still take. */
  get unflushedBytes(): number {
    return this.endOffset - this.writer.syncedOffset;
  }

  /** Whether as much as may is on its way to the disk. What is appended all the same is taken. */
  get isBusy(): boolean {
    const { maxPendingMessages, maxPendingBytes, flushDiskType } = this.options.config;
    if (this.pendingMessages >= maxPendingMessages) return true;
    const safeOffset = flushDiskType === 'SYNC_FLUSH' ? this.writer.syncedOffset : this.log.maxOffset;
    return this.endOffset - safeOffset >= maxPendingBytes;
  }

  /** Whether the kernel has not taken a write for `osPageCacheBusyTimeOutMills`. */
  get isOSPageCacheBusy(): boolean {
    return this.writer.isStuck;
  }

  /** Makes everything committed survive a power cut. */
  sync(done: FileCallback): void {
    this.flushService.sync((error) => done(error ?? this.options.flags.fault ?? null));
  }

  committed(batch: AppendBatch): void {
    this.pendingMessages -= batch.records.length;
    this.options.onCommitted(batch.records, batch.awaitedFrom);
  }

  answered(batch: AppendBatch): void {
    this.options.onAnswered(batch.records);
  }

  flushFailed(error: Error, batches: readonly AppendBatch[]): void {
    this.writer.setFault('flushed', error);
    for (const batch of batches) {
      this.pendingMessages -= batch.records.length;
      batch.answer('SERVICE_NOT_AVAILABLE');
    }
  }

  /** Whether a disk that was full has room again. */
  hasRoom(): boolean {
    return this.segment === undefined || this.writer.hasRoom(this.segment);
  }

  /** Writes, flushes and answers everything that was appended. */
  async close(): Promise<void> {
    this.writer.stopFilling();
    await new Promise<void>((resolve) => {
      this.onDrained = resolve;
      this.writeStaged();
    });
    await this.writer.filled();
    if (this.options.flags.fault === undefined)
      await new Promise<void>((resolve) => this.sync(() => resolve()));
    await new Promise<void>((resolve) => this.flushService.stop(resolve));
    if (this.segment !== undefined && this.options.flags.fault === undefined)
      this.removePrepared(this.segment.endOffset);
  }

  /** A file that stays is full of zeros, and no reason to leave the rest of the store as it is. */
  private removePrepared(startOffset: number): void {
    try {
      this.log.segments.removeFrom(startOffset);
    } catch (error) {
      this.options.files.logger.warn(`A commit-log file that is not needed stays: ${String(error)}`);
    }
  }

  private stageInPlace(messages: readonly MessageExtBrokerInner[], queue: ConsumeQueue): PutMessageStatus {
    let status = this.stageInChunk(messages, queue);
    if (status === 'END_OF_FILE') status = this.roll() ?? this.stageInChunk(messages, queue);
    return status === 'CHUNK_FULL' || status === 'END_OF_FILE' ? 'MESSAGE_ILLEGAL' : status;
  }

  private stageInChunk(messages: readonly MessageExtBrokerInner[], queue: ConsumeQueue): StageStatus {
    const status = this.stage(messages, queue);
    if (status !== 'CHUNK_FULL') return status;
    this.seal();
    this.writer.write();
    this.log.tail.startChunk(this.endOffset, this.log.maxOffset, maxSizeOf(messages[0]!, queue));
    return this.stage(messages, queue);
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
    // Store timestamps never fall along the log, even if the clock does, but for those of a clock that was wrong.
    const isPlausible = this.lastStoreTimestamp <= now + MAX_TIME_AHEAD;
    this.lastStoreTimestamp = isPlausible ? Math.max(this.lastStoreTimestamp, now) : now;
    return new AppendBatch(now, this.options.clock.monotonicNow());
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
    if (tail.position + maxSizeOf(message, queue) > tail.buffer.length) return 'CHUNK_FULL';
    const { endOffset, lastStoreTimestamp } = this;
    const queueOffset = queue.nextOffset;
    const size = tail.encode(message, topicBytes, queueOffset, endOffset, lastStoreTimestamp);
    if (size < 0) return 'PROPERTIES_SIZE_EXCEEDED';
    const { sysFlag, properties } = message;
    // A delay counts from what the clock says now, even if that is earlier than what it said before.
    const tagsCode = tagsCodeOf(queue.topic, properties, this.options.delayLevels, batch.stagedAt);
    const uniqKey = properties.get(MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX);
    const keys = properties.get(MessageConst.KEYS);
    batch.records.push(
      new DispatchRequest(
        queue,
        endOffset,
        size,
        tagsCode,
        lastStoreTimestamp,
        queueOffset,
        sysFlag,
        uniqKey,
        keys,
      ),
    );
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
    this.writer.write();
    if (this.writer.isIdle) {
      this.seal();
      this.writer.write();
    }
    const { written, refused } = this;
    this.written = [];
    this.refused = [];
    this.flushService.submit(written);
    for (const { batch, failure } of refused) batch.answer(failure);
    if (this.writer.isIdle && this.staged === undefined) this.onDrained?.();
  }

  /** Closes the staged batch. */
  private seal(): void {
    const batch = this.staged;
    if (batch === undefined) return;
    const { tail } = this.log;
    const offset = this.stagedOffset;
    const position = tail.positionOf(offset);
    const length = this.endOffset - offset;
    this.writer.add({
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

  /** A write is stuck: who waits for it, or for one behind it, hears that nothing is stored. */
  private refuseStaged(): void {
    this.seal();
    this.writer.giveBack();
    this.writeStaged();
  }

  /** As if nothing from the first extent on had been appended; what is staged lies behind all of them. */
  private takeBack(extents: readonly Extent[]): void {
    const failure = this.writer.isStuck ? 'OS_PAGE_CACHE_BUSY' : 'SERVICE_NOT_AVAILABLE';
    const { segment, offset } = extents[0]!;
    const batches = [...extents.map(({ batch }) => batch), this.staged];
    this.staged = undefined;
    this.endOffset = this.stagedOffset = offset;
    this.segment = segment;
    this.log.tail.truncate(offset);
    for (const batch of batches.toReversed()) {
      if (batch === undefined) continue;
      this.pendingMessages -= batch.records.length;
      for (const { queue, consumeQueueOffset } of batch.records.toReversed())
        queue.nextOffset = consumeQueueOffset;
      this.refused.push({ batch, failure });
    }
  }

  /** Ends the current file with a blank and goes on in the next one; a status when that is not possible. */
  private roll(): PutMessageStatus | undefined {
    this.seal();
    const full = this.segment;
    try {
      this.segment = this.roller.next(full?.endOffset ?? this.endOffset);
    } catch (error) {
      if (isDiskFull(error)) this.writer.setDiskFull(error as Error);
      else if (this.roller.syncFault !== undefined) this.writer.setFault('flushed', this.roller.syncFault);
      this.rollFailures.error(`The next commit-log file cannot be created: ${String(error)}`);
      return 'CREATE_MAPPED_FILE_FAILED';
    }
    if (full !== undefined) this.writer.add(blankExtent(full, this.endOffset));
    this.endOffset = this.stagedOffset = this.segment.startOffset;
    this.log.tail.startChunk(this.endOffset, this.log.maxOffset);
    this.begin(this.segment);
    this.roller.prepare(this.segment.endOffset);
    return undefined;
  }

  private begin(segment: SegmentFile): void {
    // Until all of it is on the disk.
    segment.keepOpen();
    // Only with a flush for every batch is there something to gain.
    if (this.options.config.flushDiskType === 'SYNC_FLUSH') this.writer.startFilling(segment, this.endOffset);
  }
}

function maxSizeOf({ body }: MessageExtBrokerInner, { topicBytes }: ConsumeQueue): number {
  return body.length + topicBytes.length + MAX_RECORD_OVERHEAD;
}

function blankExtent(segment: SegmentFile, offset: number): Extent {
  const buffer = blankRecord(segment.endOffset - offset);
  return { segment, buffer, position: 0, offset, length: BLANK_LENGTH, batch: undefined };
}
