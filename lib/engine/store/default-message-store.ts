import type { Allocator } from '../../common/buffer-pool.js';
import { nextTurn, type Clock } from '../../common/clock.js';
import { LimitedLogger } from '../../common/limited-logger.js';
import type { Logger } from '../../common/logger.js';
import { MessageConst } from '../../common/message-const.js';
import { hasQueueOffset } from '../../common/message-sys-flag.js';
import { isTooLong } from '../../common/topic-validator.js';
import type { PutMessageCallback } from './append-batch.js';
import { AppendPipeline, MAX_TIME_AHEAD } from './append-pipeline.js';
import { CleanCommitLogService } from './clean-commit-log-service.js';
import { CommitLog } from './commit-log.js';
import { ConsumeQueueStore } from './consume-queue-store.js';
import type { CqUnit } from './cq-unit.js';
import { parseDelayLevels } from '../../common/delay-level.js';
import { DeletedTopics } from './deleted-topics.js';
import { DiskProbe } from './disk-probe.js';
import type { DispatchRequest } from './dispatch-request.js';
import type { FileCallback, FileSystem } from '../../common/file-system.js';
import { FlushConsumeQueueService } from './flush-consume-queue-service.js';
import { nothing, type GetMessageCallback, type MessageFilter } from './get-message-result.js';
import { IndexService } from './index-service.js';
import type { MessageExtBrokerInner } from './message-ext-broker-inner.js';
import { MessageLookup } from './message-lookup.js';
import { MessageReader } from './message-reader.js';
import type { MessageStoreConfig } from './message-store-config.js';
import { offsetByTime, storeTimestampAt } from './offset-by-time.js';
import { OpenFiles } from './open-files.js';
import type { PutMessageStatus } from './put-message-status.js';
import { QueueEndTable } from './queue-end-table.js';
import { RunningFlags } from './running-flags.js';
import { StoreCheckpoint } from './store-checkpoint.js';
import { StoreLoader } from './store-loader.js';
import { StoreLock } from './store-lock.js';
import { storeRuntimeInfo } from './store-runtime-info.js';
import { StoreStatsService } from './store-stats-service.js';
import { TopicDeletion } from './topic-deletion.js';
import { UnitRepair } from './unit-repair.js';
import { Unsynced } from './unsynced.js';

const MAX_OPEN_FILES = 1024;
/** Reads from the disk at once: more would only keep flushes waiting for a thread of libuv's pool. */
const MAX_COLD_READS = 8;
/** Most entries of a ConsumeQueue in one answer. */
const MAX_QUERIED_UNITS = 10_000;

export interface MessageStoreOptions {
  readonly config: MessageStoreConfig;
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called for messages that can be read from now on, after their senders were answered (MessageArrivingListener). */
  readonly onArriving: (records: readonly DispatchRequest[]) => void;
  /** All topics at the last end, if it was a clean one; absent or undefined when that is not known for certain. */
  readonly savedTopics?: () => ReadonlySet<string> | undefined;
}

/**
 * All messages of a broker: commit log, ConsumeQueues and index in one directory (DefaultMessageStore). Opening and
 * closing aside, nothing here throws because of a disk: calls have a status for it. Only what has none throws an OpenError
 * when a file that it must read cannot be opened now.
 */
export class DefaultMessageStore {
  readonly stats = new StoreStatsService();
  private readonly flags = new RunningFlags();
  private readonly log: CommitLog;
  private readonly queues: ConsumeQueueStore;
  private readonly index: IndexService | undefined;
  private readonly openFiles: OpenFiles;
  readonly lock: StoreLock;
  private readonly loader: StoreLoader;
  private readonly pipeline: AppendPipeline;
  private readonly reader: MessageReader;
  private readonly lookup: MessageLookup;
  private readonly flushService: FlushConsumeQueueService;
  private readonly cleanService: CleanCommitLogService;
  private readonly deleted: DeletedTopics;
  private readonly deletion: TopicDeletion;
  private readonly probe: DiskProbe;
  /** The list for {@link putMessage}, which is read before that returns or calls anyone. */
  private readonly single: MessageExtBrokerInner[] = [];
  private isOpen = false;
  private closing: Promise<void> | undefined;

  constructor(private readonly options: MessageStoreOptions) {
    const { config, fileSystem, clock, logger } = options;
    const { flags } = this;
    const delayLevels = parseDelayLevels(config.messageDelayLevel)!;
    this.openFiles = new OpenFiles(fileSystem, MAX_OPEN_FILES, logger);
    const files = { fileSystem, openFiles: this.openFiles, logger };
    const log = (this.log = new CommitLog(config, files));
    const { storePathRootDir, mappedFileSizeConsumeQueue, flushIntervalConsumeQueue } = config;
    const unsynced = new Unsynced();
    const queues = new ConsumeQueueStore(storePathRootDir, mappedFileSizeConsumeQueue, files, unsynced);
    const index = config.messageIndexEnable ? new IndexService(config, files, clock, unsynced) : undefined;
    const checkpoint = new StoreCheckpoint(storePathRootDir, fileSystem);
    this.queues = queues;
    this.index = index;
    const lock = (this.lock = new StoreLock(storePathRootDir, fileSystem, flags, logger));
    const deleted = (this.deleted = new DeletedTopics(storePathRootDir, fileSystem, log));
    const queueEnds = new QueueEndTable(storePathRootDir, fileSystem, log, queues, index, deleted);
    const state = { log, queues, index, checkpoint, queueEnds, deleted };
    this.loader = new StoreLoader({ ...state, delayLevels, logger, savedTopics: options.savedTopics });
    const repair = new UnitRepair(log, deleted, delayLevels, clock, flags, logger);
    const readErrors = new LimitedLogger(logger, clock);
    this.reader = new MessageReader(log, config, repair, clock, ({ message }) => {
      readErrors.error(`Messages cannot be read now: ${message}`);
    });
    this.lookup = new MessageLookup(log, index, config);
    const syncLog = (done: FileCallback) => this.pipeline.sync(done);
    const parts = { lock, queues, index, unsynced, checkpoint, queueEnds, files, clock, flags };
    this.flushService = new FlushConsumeQueueService({ ...parts, flushIntervalConsumeQueue, syncLog });
    const onDeleted = () => this.forgetExpired();
    this.cleanService = new CleanCommitLogService({ config, lock, log, files, clock, flags, onDeleted });
    this.pipeline = new AppendPipeline(log, {
      config,
      delayLevels,
      files,
      clock,
      flags,
      onCommitted: (records, appendedAt) => this.dispatch(records, appendedAt),
      onAnswered: options.onArriving,
    });
    const { flushService } = this;
    this.probe = new DiskProbe(flags, clock, logger, () => this.pipeline.hasRoom());
    this.deletion = new TopicDeletion({ queues, deleted, flushService, flags, clock, syncLog });
  }

  /**
   * Takes ownership of the directory and brings everything in it to one end, after a crash by reading the log.
   *
   * @throws StoreLockedError when another process owns it, ConfigurationError when it was written with other sizes.
   */
  open(): void {
    const isUnclean = this.lock.acquire();
    try {
      const { endOffset, lastStoreTimestamp, syncedOffset } = this.loader.load(isUnclean);
      const lastTime = this.plausibleTime(lastStoreTimestamp);
      this.pipeline.open(endOffset, lastTime, syncedOffset);
      this.flushService.start(endOffset, lastTime);
      this.cleanService.start();
      this.log.segments.bePatient(this.options.clock);
      this.isOpen = true;
    } catch (error) {
      this.openFiles.closeAll();
      this.unlock(!isUnclean);
      throw error;
    }
  }

  /** Writes and flushes everything, and gives the directory free; what fails is logged, and repaired by the next start. */
  close(): Promise<void> {
    return (this.closing ??= this.closeOnce());
  }

  /** Why messages are refused at the moment; undefined when they are not. */
  get writeRefusal(): string | undefined {
    return this.flags.reason;
  }

  /** Whether so much waits for the disk that further messages should wait before the store. */
  get isBusy(): boolean {
    return this.pipeline.isBusy && this.flags.isWriteable;
  }

  /** Whether messages are refused because a write to the log is stuck (DefaultMessageStore#isOSPageCacheBusy). */
  get isOSPageCacheBusy(): boolean {
    return this.pipeline.isOSPageCacheBusy;
  }

  /** Whether so much is being read from the disk that further pulls should wait. */
  get isReadBusy(): boolean {
    return this.reader.coldReads >= MAX_COLD_READS;
  }

  /** Whether a read of a queue from `offset` on waits for nothing: it may throw an OpenError. */
  isAtHand(topic: string, queueId: number, offset: number): boolean {
    return this.reader.isAtHand(this.queues.find(topic, queueId)?.unitAt(offset));
  }

  /** The highest queue id of each topic that has messages. */
  topics(): IterableIterator<[topic: string, maxQueueId: number]> {
    return this.queues.topics();
  }

  /**
   * Deletes a topic with its ConsumeQueues; its records stay in the log until they expire. Meanwhile it takes no messages.
   *
   * @throws StoreError, or the error of the disk: then the topic is still there, or takes nothing until this succeeds.
   */
  deleteTopic(topic: string): Promise<void> {
    return this.deletion.delete(topic);
  }

  /** Whether a topic is deleted and takes nothing, because that could not be finished: there may be no end to it. */
  isDeleted(topic: string): boolean {
    return this.deleted.unfinished.has(topic);
  }

  /** Whether the log may still have records of a topic of this name that was deleted. */
  wasDeleted(topic: string): boolean {
    return this.deleted.has(topic, 0);
  }

  /** Why the file system does not let a new topic be beside others. */
  directoryFault(topic: string, others: Iterable<string>): string | undefined {
    return this.queues.directoryFault(topic, others);
  }

  /** What the store knows of itself, by Apache's names (DefaultMessageStore#getRuntimeInfo). */
  runtimeInfo(): [string, string][] {
    const { log, pipeline, flushService, stats } = this;
    return storeRuntimeInfo(log, pipeline, flushService.dispatchedOffset, stats, this.options);
  }

  /** Entries of a ConsumeQueue from `offset` on; undefined when there is no such queue. */
  queryConsumeQueue(
    topic: string,
    queueId: number,
    offset: number,
    count: number,
  ): { minOffset: number; maxOffset: number; units: CqUnit[] } | undefined {
    const queue = this.queues.find(topic, queueId);
    if (queue === undefined) return undefined;
    const { minOffset, maxOffset } = queue;
    const end = Math.min(maxOffset, offset + Math.min(count, MAX_QUERIED_UNITS));
    const units: CqUnit[] = [];
    for (let next = offset; offset >= minOffset && next < end; next++) units.push(queue.unitAt(next)!);
    return { minOffset, maxOffset, units };
  }

  putMessage(message: MessageExtBrokerInner, callback: PutMessageCallback): void {
    this.single[0] = message;
    this.putMessages(this.single, callback);
  }

  /** Stores messages of one queue, of any size, all or none of them. They are read before this returns. */
  putMessages(messages: readonly MessageExtBrokerInner[], callback: PutMessageCallback): void {
    const refusal = this.refusalOf(messages);
    if (refusal !== undefined) {
      this.stats.putMessageFailedTimes += messages.length;
      return callback.onPut(refusal, [], 0, 0);
    }
    const { topic, queueId, properties } = messages[0]!;
    const queue = this.queues.find(topic, queueId) ?? this.queues.createFor(topic, queueId);
    if (queue === undefined) return callback.onPut('MESSAGE_ILLEGAL', [], 0, 0);
    const waitStoreMsgOK = properties.get(MessageConst.WAIT_STORE_MSG_OK) !== 'false';
    this.pipeline.append(messages, queue, waitStoreMsgOK, callback);
  }

  /** Reads messages of a queue from `offset` on; `callback` may be called before this returns. */
  getMessage(
    topic: string,
    queueId: number,
    offset: number,
    maxMsgNums: number,
    filter: MessageFilter | undefined,
    callback: GetMessageCallback,
    allocator?: Allocator,
  ): void {
    const queue = this.queues.find(topic, queueId);
    if (queue === undefined) return callback(nothing('NO_MATCHED_LOGIC_QUEUE', 0, 0, 0));
    const { minOffset, maxOffset } = queue;
    if (!this.isOpen) return callback(nothing('NO_MATCHED_MESSAGE', offset, minOffset, maxOffset));
    if (maxOffset === 0) return callback(nothing('NO_MESSAGE_IN_QUEUE', 0, minOffset, maxOffset));
    if (offset < minOffset) return callback(nothing('OFFSET_TOO_SMALL', minOffset, minOffset, maxOffset));
    if (offset === maxOffset) return callback(nothing('OFFSET_OVERFLOW_ONE', offset, minOffset, maxOffset));
    if (offset > maxOffset)
      return callback(nothing('OFFSET_OVERFLOW_BADLY', maxOffset, minOffset, maxOffset));
    this.reader.read({ queue, offset, maxMsgNums, filter, allocator }, callback);
  }

  /** Behind the newest record of the commit log (#getMaxPhyOffset). */
  get maxPhyOffset(): number {
    return this.log.maxOffset;
  }

  get minPhyOffset(): number {
    return this.log.minOffset;
  }

  /** Brings everything stored so far to the disk, whatever `flushDiskType` says. */
  syncLog(done: FileCallback): void {
    this.pipeline.sync(done);
  }

  /** Behind the newest message of a queue; 0 for one that does not exist. */
  getMaxOffsetInQueue(topic: string, queueId: number): number {
    return this.queues.find(topic, queueId)?.maxOffset ?? 0;
  }

  getMinOffsetInQueue(topic: string, queueId: number): number {
    return this.queues.find(topic, queueId)?.minOffset ?? 0;
  }

  /** Whether the first message of a queue is still near the end of the log (#checkInMemByConsumeOffset). */
  isFirstMessageInMemory(topic: string, queueId: number): boolean {
    const unit = this.queues.find(topic, queueId)?.unitAt(0);
    return unit !== undefined && this.reader.isHot(unit.commitLogOffset);
  }

  /** When a message was stored; -1 when there is none at that offset. */
  getMessageStoreTimestamp(topic: string, queueId: number, offset: number): number {
    const queue = this.isOpen ? this.queues.find(topic, queueId) : undefined;
    return queue === undefined ? -1 : storeTimestampAt(this.log, queue, offset);
  }

  /** Tags code of a message, in the schedule topic the time at which it is due; undefined when there is none. */
  getTagsCode(topic: string, queueId: number, offset: number): number | undefined {
    return this.queues.find(topic, queueId)?.unitAt(offset)?.tagsCode;
  }

  /**
   * The first message stored at `timestamp` or later (`lower`), or the last one stored until then (`upper`)
   * (ConsumeQueue#getOffsetInQueueByTime).
   */
  getOffsetInQueueByTime(
    topic: string,
    queueId: number,
    timestamp: number,
    boundary: 'lower' | 'upper' = 'lower',
  ): number {
    const queue = this.queues.find(topic, queueId);
    return queue === undefined ? 0 : offsetByTime(this.log, queue, timestamp, boundary);
  }

  /** The record at a position of the commit log; undefined when no sound one lies there. `size`: how long it is, if that is known. */
  lookMessageByOffset(commitLogOffset: number, size = 0): Buffer | undefined {
    return this.lookup.byOffset(commitLogOffset, size);
  }

  /**
   * Records with a unique id or key, newest first, as many as one frame carries; a different key with the same hash may be among
   * them.
   */
  queryMessage(topic: string, key: string, maxNum: number, begin: number, end: number): Buffer[] {
    return this.lookup.byKey(topic, key, maxNum, begin, end);
  }

  private dispatch(records: readonly DispatchRequest[], appendedAt: number): void {
    for (const record of records) {
      this.queues.append(record);
      this.index?.put(record);
    }
    this.flushService.onDispatched(records);
    this.stats.onStored(records, Math.round(this.options.clock.monotonicNow() - appendedAt));
  }

  private refusalOf(messages: readonly MessageExtBrokerInner[]): PutMessageStatus | undefined {
    if (this.probe.isFull() || !this.flags.isWriteable) return 'SERVICE_NOT_AVAILABLE';
    if (this.pipeline.isOSPageCacheBusy) return 'OS_PAGE_CACHE_BUSY';
    for (const { topic, sysFlag } of messages) {
      // The place of what has no queue offset would be a hole in the queue after a crash, which costs other messages.
      if (isTooLong(topic) || !hasQueueOffset(sysFlag)) return 'MESSAGE_ILLEGAL';
      if (this.deleted.refuses(topic)) return 'SERVICE_NOT_AVAILABLE';
    }
    return undefined;
  }

  private async closeOnce(): Promise<void> {
    this.flags.isShutdown = true;
    if (!this.isOpen) return;
    this.cleanService.stop();
    let isClean = false;
    try {
      // Another that has the directory by now keeps its files.
      this.lock.isOwner();
      await this.pipeline.close();
      await this.flushService.stop();
      if (this.flags.fault === undefined) await this.flushService.sync();
      isClean = this.flags.fault === undefined;
    } catch (error) {
      await this.flushService.stop();
      this.options.logger.error(`The store could not be flushed at its end: ${String(error)}`);
    }
    this.isOpen = false;
    this.openFiles.closeAll();
    this.unlock(isClean);
  }

  private unlock(isClean: boolean): void {
    try {
      this.lock.release(isClean);
    } catch (error) {
      this.options.logger.error(`The next start will check the store: ${String(error)}`);
    }
  }

  /** Store timestamps never fall, so one far ahead of the clock, which must be damaged, would hold up all later ones. */
  private plausibleTime(storeTimestamp: number): number {
    return storeTimestamp <= this.options.clock.now() + MAX_TIME_AHEAD ? storeTimestamp : 0;
  }

  private forgetExpired(): void {
    const turn = () => nextTurn(this.options.clock).then(() => this.isOpen);
    void this.queues.deleteExpired(this.log.minOffset, turn);
    this.index?.deleteExpired(this.log.minOffset);
    this.deleted.forgetExpired();
  }
}
