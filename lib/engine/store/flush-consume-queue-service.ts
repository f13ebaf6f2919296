import { nextTurn, type Clock, type Timer } from '../../common/clock.js';
import { LimitedLogger } from '../../common/limited-logger.js';
import type { ConsumeQueueStore } from './consume-queue-store.js';
import type { DispatchRequest } from './dispatch-request.js';
import { OpenError, settled, type FileCallback } from '../../common/file-system.js';
import type { IndexService } from './index-service.js';
import type { QueueEndTable } from './queue-end-table.js';
import type { RunningFlags } from './running-flags.js';
import { syncAll } from './segment-file.js';
import type { StoreFiles } from './segment-file-queue.js';
import type { StoreCheckpoint } from './store-checkpoint.js';
import type { StoreLock } from './store-lock.js';
import type { Unsynced } from './unsynced.js';

/** A checkpoint is written after so much log, or so much time, since the last one; later for each file that it flushes. */
const CHECKPOINT_BYTES = 256 * 1024 * 1024;
const CHECKPOINT_BYTES_PER_FILE = 256 * 1024;
const CHECKPOINT_INTERVAL = 10_000;

export interface FlushConsumeQueueOptions {
  readonly lock: StoreLock;
  readonly queues: ConsumeQueueStore;
  readonly index: IndexService | undefined;
  readonly unsynced: Unsynced;
  readonly checkpoint: StoreCheckpoint;
  readonly queueEnds: QueueEndTable;
  readonly files: StoreFiles;
  readonly clock: Clock;
  readonly flags: RunningFlags;
  readonly flushIntervalConsumeQueue: number;
  /** Makes the log up to the last dispatched record survive a power cut. */
  readonly syncLog: (done: FileCallback) => void;
}

/**
 * Writes ConsumeQueues and index behind the log, and a checkpoint when they are on the disk
 * (FlushConsumeQueueService). Idle as long as nothing is stored.
 */
export class FlushConsumeQueueService {
  private timer: Timer | undefined;
  private isIdle = true;
  private isSyncing = false;
  private lastSync: Promise<void> = Promise.resolve();
  /** After a failed flush it is not known what the disk has, so no checkpoint may follow. */
  private syncError: unknown;
  private newestTimestamp = 0;
  /** Behind the newest record in the ConsumeQueues, and behind the newest that a checkpoint covers. */
  dispatchedOffset = 0;
  private checkpointOffset = 0;
  /** In the time that never goes back. */
  private checkpointTime = -Infinity;
  private readonly refusals: LimitedLogger;

  constructor(private readonly options: FlushConsumeQueueOptions) {
    this.refusals = new LimitedLogger(options.files.logger, options.clock);
  }

  /** ConsumeQueues and index have everything up to the end of the log. */
  start(endOffset: number, lastStoreTimestamp: number): void {
    const { index } = this.options;
    this.newestTimestamp = lastStoreTimestamp;
    this.dispatchedOffset = this.checkpointOffset = endOffset;
    index?.endRecovery();
    this.guard(() => index?.write());
    // What the disk has not taken of rebuilt queues is tried again, and the memory of the others freed.
    this.arm();
  }

  /** Records were appended to the ConsumeQueues. */
  onDispatched(records: readonly DispatchRequest[]): void {
    const newest = records.at(-1)!;
    this.newestTimestamp = newest.storeTimestamp;
    this.dispatchedOffset = newest.commitLogOffset + newest.msgSize;
    this.isIdle = false;
    this.guard(() => this.options.queues.writeFull(records));
    this.arm();
  }

  /** Ends when no flush is under way any more. */
  async stop(): Promise<void> {
    this.options.clock.clearTimeout(this.timer);
    await this.lastSync.catch(() => {});
  }

  /** Writes what is worth it; false when that failed: then everything is tried with the next tick. */
  private write(): boolean {
    const { queues, index, flags, files } = this.options;
    const isWritten = this.guard(() => {
      queues.write(flags.queueError !== undefined);
      index?.write();
    });
    if (isWritten && flags.queueError !== undefined) {
      flags.queueError = undefined;
      if (flags.isWriteable) files.logger.log('ConsumeQueues and index are written again: sending resumes');
    }
    return isWritten;
  }

  private async writeEverything(): Promise<void> {
    const { queues, index, clock } = this.options;
    try {
      await queues.writeInTurns(() => nextTurn(clock));
      index?.write();
      await index?.writeSlots();
    } catch (error) {
      this.refuse(error);
      throw new Error('a ConsumeQueue or the index cannot be written', { cause: error });
    }
  }

  /** Flushes log, ConsumeQueues and index to the disk, then the checkpoint that says so; one call after the other. */
  sync(): Promise<void> {
    this.lastSync = this.lastSync.catch(() => {}).then(() => this.syncNow());
    return this.lastSync;
  }

  private async syncNow(): Promise<void> {
    const { queueEnds, checkpoint } = this.options;
    const offset = this.dispatchedOffset;
    // A checkpoint that is newer than the log is damaged, or was written while the clock was wrong.
    const timestamp = this.newestTimestamp || checkpoint.logicsMsgTimestamp;
    // More may be written and flushed than this says, never less.
    const ends = queueEnds.encode(timestamp, offset);
    await this.writeEverything();
    await this.syncFiles();
    await queueEnds.save(ends);
    checkpoint.physicMsgTimestamp = checkpoint.logicsMsgTimestamp = checkpoint.indexMsgTimestamp = timestamp;
    await settled((done) => checkpoint.save(done));
    this.checkpointOffset = offset;
  }

  private async syncFiles(): Promise<void> {
    const { unsynced, files, syncLog } = this.options;
    if (this.syncError !== undefined) throw this.syncError;
    const taken = unsynced.take();
    const { segments, directories } = taken;
    try {
      await settled(syncLog);
      await settled((done) => syncAll(segments, done));
      for (const directory of directories) {
        if (!files.fileSystem.isDirectory(directory)) continue;
        await settled((done) => files.fileSystem.syncDirectoryAsync(directory, done));
      }
    } catch (error) {
      // What could not be opened was not flushed, nor anything behind it, and no flush has failed.
      if (error instanceof OpenError) unsynced.putBack(taken);
      else this.syncError = error;
      throw error;
    }
  }

  private guard(write: () => void): boolean {
    try {
      write();
      return true;
    } catch (error) {
      this.refuse(error);
      return false;
    }
  }

  private refuse(error: unknown): void {
    const { flags } = this.options;
    flags.queueError = `a ConsumeQueue or the index cannot be written (${String(error)})`;
    this.refusals.error(`Sending is refused until it succeeds: ${flags.queueError}`);
  }

  private arm(): void {
    this.timer ??= this.options.clock.setTimeout(() => this.tick(), this.options.flushIntervalConsumeQueue);
  }

  private tick(): void {
    this.timer = undefined;
    const wasIdle = this.isIdle;
    this.isIdle = true;
    this.options.queues.releaseIdle();
    if (!this.options.lock.isOwner()) return;
    const isWritten = this.write();
    if (isWritten && this.isCheckpointDue()) void this.writeCheckpoint();
    if (!wasIdle || !isWritten || this.isCheckpointOwed()) this.arm();
  }

  private isCheckpointOwed(): boolean {
    return this.syncError === undefined && this.checkpointOffset !== this.dispatchedOffset;
  }

  private isCheckpointDue(): boolean {
    if (this.isSyncing || !this.isCheckpointOwed()) return false;
    const isLong = this.options.clock.monotonicNow() - this.checkpointTime >= CHECKPOINT_INTERVAL;
    const bytes = CHECKPOINT_BYTES + CHECKPOINT_BYTES_PER_FILE * this.options.queues.unsyncedCount;
    return isLong || this.dispatchedOffset - this.checkpointOffset >= bytes;
  }

  private async writeCheckpoint(): Promise<void> {
    this.isSyncing = true;
    this.checkpointTime = this.options.clock.monotonicNow();
    try {
      await this.sync();
    } catch (error) {
      this.options.files.logger.error(`The checkpoint cannot be written: ${String(error)}`);
    }
    this.isSyncing = false;
  }
}
