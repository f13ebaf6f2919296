import { settled, type FileCallback, type FileSystem } from '../../../common/file-system.js';
import { javaHashCode } from '../../../common/java-hash.js';
import type { Logger } from '../../../common/logger.js';
import { StoreError } from '../../../errors/store.error.js';
import type { MessageStoreConfig } from '../message-store-config.js';
import { OpenFiles } from '../open-files.js';
import { TimerCheckpoint, type TimerProgress } from './timer-checkpoint.js';
import { TimerLog } from './timer-log.js';
import { TimerMagic, type TimerUnit } from './timer-unit.js';
import { TIMER_PRECISION, TIMER_WHEEL_SPAN, TimerWheel, wholeSlots } from './timer-wheel.js';

const MAX_OPEN_FILES = 64;
/** Milliseconds that a slot may be away: half of the wheel (TIMER_WHEEL_TTL_DAY). */
const MAX_AHEAD = 7 * 86_400_000;

const HOUR = 3_600_000;

/** What the timer log needs to know of a record that waits. */
export interface TimerRequest {
  /** When it is due: milliseconds since the epoch, a whole second. */
  readonly delayedTime: number;
  readonly offsetPy: number;
  readonly sizePy: number;
  readonly realTopic: string;
  /** Whether it recalls another one. */
  readonly isDelete: boolean;
}

/** The units that are due in one second, by position. */
export interface DueSlot {
  /** Oldest first. */
  readonly positions: readonly number[];
  readonly deletes: readonly TimerUnit[];
}

/** How far everything is taken up and delivered. */
export interface FlushedProgress extends TimerProgress {
  /** Units due at `readTimeMs` before this position are delivered. */
  readonly deliveredTo: number;
}

/** How the files of a store that is opened were found. */
export type TimerState = 'SOUND' | 'UNKNOWN' | 'DAMAGED';

/**
 * The files that say which messages of the timer topic wait, and until when (TimerMessageStore): timer log, wheel and
 * `config/timercheck`. All of it can be built anew from the topic.
 */
export class TimerMessageStore {
  /** Units that wait in the wheel. */
  pending = 0;
  /** Records behind the checkpoint that have a unit already. */
  readonly recovered = new Set<number>();
  readonly checkpoint: TimerCheckpoint;
  private readonly log: TimerLog;
  private readonly wheel: TimerWheel;
  private readonly openFiles: OpenFiles;
  private readonly rollWindow: number;
  private lastFlush: Promise<void> = Promise.resolve();
  /** How often everything was forgotten. */
  private clearCount = 0;

  constructor(
    config: MessageStoreConfig,
    fileSystem: FileSystem,
    private readonly logger: Logger,
  ) {
    const { storePathRootDir, mappedFileSizeTimerLog } = config;
    this.rollWindow = rollWindowOf(config);
    this.openFiles = new OpenFiles(fileSystem, MAX_OPEN_FILES, logger);
    const files = { fileSystem, openFiles: this.openFiles, logger };
    this.log = new TimerLog(storePathRootDir, mappedFileSizeTimerLog, files);
    this.wheel = new TimerWheel(storePathRootDir, fileSystem);
    this.checkpoint = new TimerCheckpoint(storePathRootDir, fileSystem);
  }

  /**
   * Reads the whole timer log, and builds the wheel from it: what a crash or damage did to the wheel does not matter.
   *
   * @param maxPhyOffset behind the last record of the commit log.
   * @param offsetOf the record of the timer topic at a queue offset, or at the first one that is left.
   * @throws ConfigurationError when the log was written with other lengths.
   */
  open(maxPhyOffset: number, offsetOf: (queueOffset: number) => number | undefined): TimerState {
    const isKnown = this.checkpoint.load();
    this.log.load();
    const { lastReadTimeMs, lastTimerQueueOffset, lastTimerLogFlushPos } = this.checkpoint;
    const newRecords = offsetOf(lastTimerQueueOffset) ?? Infinity;
    let isBeyond = false;
    let isChained = true;
    const oldest = offsetOf(0) ?? 0;
    this.log.scan((unit, position) => {
      // Files before the first one are deleted only when the records of their units are.
      if (position > 0 && position === this.log.startOffset) isChained &&= oldest >= unit.offsetPy;
      isBeyond = unit.offsetPy + unit.sizePy > maxPhyOffset;
      if (isBeyond) return false;
      if (unit.offsetPy >= newRecords) this.recovered.add(unit.offsetPy);
      // More than a turn away: it took the place of a slot that was read when the checkpoint did not say so yet.
      isChained &&= unit.delayedTime < lastReadTimeMs + TIMER_WHEEL_SPAN;
      if (unit.delayedTime >= lastReadTimeMs) isChained &&= this.restore(unit, position);
      return isChained;
    });
    if (!isKnown) return 'UNKNOWN';
    if (!isChained || (!isBeyond && this.log.endOffset < lastTimerLogFlushPos)) return 'DAMAGED';
    this.log.cutBehindEnd();
    return 'SOUND';
  }

  /**
   * Notes that a record waits; only in memory until {@link write}. The wheel has no slots beyond a turn after the next one to be read,
   * as after days without the engine: there it gets its turn earlier.
   */
  add(request: TimerRequest, now: number, readTimeMs: number): void {
    const lastSlot = readTimeMs + TIMER_WHEEL_SPAN - TIMER_PRECISION;
    const delayedTime = Math.min(this.targetOf(request.delayedTime, now), lastSlot);
    // A unit has 32 bits for how far it is from there to the slot, which may be over for weeks.
    const currWriteTime = Math.min(now, delayedTime);
    const isRoll = delayedTime !== request.delayedTime;
    const magic =
      TimerMagic.DEFAULT | (isRoll ? TimerMagic.ROLL : 0) | (request.isDelete ? TimerMagic.DELETE : 0);
    const prevPos = this.wheel.getSlot(delayedTime)?.lastPos ?? -1;
    const { offsetPy, sizePy, realTopic, isDelete } = request;
    const realTopicHash = javaHashCode(realTopic);
    const unit = { prevPos, magic, currWriteTime, delayedTime, offsetPy, sizePy, realTopicHash };
    const position = this.log.append(unit);
    this.wheel.add(delayedTime, position, isDelete);
    this.pending++;
  }

  /** When a record gets its turn: before it is due if that is far away (TimerMessageStore#doEnqueue). */
  targetOf(delayedTime: number, currWriteTime: number): number {
    const ahead = delayedTime - currWriteTime;
    if (ahead < this.rollWindow) return delayedTime;
    const isLittleMore = ahead - this.rollWindow < wholeSlots(this.rollWindow / 3);
    return currWriteTime + (isLittleMore ? wholeSlots(this.rollWindow / 2) : this.rollWindow);
  }

  /** Gives the new units to the kernel. */
  write(): void {
    this.log.write();
  }

  hasSlot(timeMs: number): boolean {
    return this.wheel.getSlot(timeMs) !== undefined;
  }

  /** @throws StoreError when a unit is damaged. */
  dueSlot(timeMs: number): DueSlot {
    const positions: number[] = [];
    const deletes: TimerUnit[] = [];
    for (let position = this.wheel.getSlot(timeMs)?.lastPos ?? -1; position >= this.log.startOffset;) {
      const unit = this.unitAt(position);
      if (unit.delayedTime !== timeMs || unit.prevPos >= position) throw damaged(position);
      const isDelete = (unit.magic & (TimerMagic.DELETE | TimerMagic.ROLL)) === TimerMagic.DELETE;
      if (isDelete) deletes.push(unit);
      else positions.push(position);
      position = unit.prevPos;
    }
    return { positions: positions.reverse(), deletes };
  }

  /** Units of the slot before this position were delivered before the engine ended. */
  deliveredToOf(timeMs: number): number {
    return timeMs === this.checkpoint.lastReadTimeMs ? this.checkpoint.deliveredTo : 0;
  }

  /** @throws StoreError when the unit is damaged. */
  unitAt(position: number): TimerUnit {
    const unit = this.log.read(position);
    if (unit === undefined) throw damaged(position);
    return unit;
  }

  /** Forgets everything, to be built anew. */
  clear(): void {
    this.log.clear();
    this.wheel.clear();
    this.recovered.clear();
    this.pending = 0;
    this.checkpoint.deliveredTo = 0;
    this.clearCount++;
  }

  /**
   * Brings everything to the disk, then the checkpoint that says how far it goes.
   *
   * @param earlier how far it was when the log was built anew.
   * @param syncStore does the same for the messages themselves: what the checkpoint calls delivered must be there.
   */
  flush(
    progress: FlushedProgress,
    earlier: TimerProgress,
    now: number,
    syncStore: (done: FileCallback) => void,
  ): Promise<void> {
    const { clearCount } = this;
    this.lastFlush = this.lastFlush
      .catch(() => {})
      .then(() => this.flushNow(progress, earlier, now, syncStore, clearCount));
    return this.lastFlush;
  }

  deleteExpired(minPhyOffset: number): void {
    this.log.deleteExpired(minPhyOffset);
  }

  /** Waits for a flush that is under way: afterwards the store may belong to another process. */
  async close(): Promise<void> {
    await this.lastFlush.catch(() => {});
    this.wheel.close();
    this.openFiles.closeAll();
  }

  private async flushNow(
    { readTimeMs, queueOffset, deliveredTo }: FlushedProgress,
    earlier: TimerProgress,
    now: number,
    syncStore: (done: FileCallback) => void,
    clearCount: number,
  ): Promise<void> {
    this.log.write();
    this.wheel.write(readTimeMs);
    const end = this.log.endOffset;
    await settled(syncStore);
    await settled((done) => this.log.sync(done));
    await settled((done) => this.wheel.sync(done));
    // What is being built anew is not what `progress` speaks of.
    if (clearCount !== this.clearCount) return;
    this.checkpoint.lastReadTimeMs = readTimeMs;
    this.checkpoint.lastTimerQueueOffset = queueOffset;
    this.checkpoint.lastTimerLogFlushPos = end;
    this.checkpoint.earlier = earlier;
    this.checkpoint.deliveredTo = deliveredTo;
    await settled((done) => this.checkpoint.save(now, done));
  }

  /** Puts a unit back into the wheel; false when its slot has another history than it says. */
  private restore(unit: TimerUnit, position: number): boolean {
    const { delayedTime, prevPos, magic } = unit;
    if (delayedTime % TIMER_PRECISION !== 0 || delayedTime - unit.currWriteTime > MAX_AHEAD) return false;
    const lastPos = this.wheel.getSlot(delayedTime)?.lastPos ?? -1;
    if (prevPos !== lastPos && (lastPos >= 0 || prevPos >= this.log.startOffset)) {
      this.logger.warn(`The unit at byte ${position} of the timer log does not fit those before it`);
      return false;
    }
    this.wheel.add(delayedTime, position, (magic & TimerMagic.DELETE) !== 0);
    this.pending++;
    return true;
  }
}

/** A message is stored again while its log file has a third of its time left; not all the time where files are kept for none. */
function rollWindowOf({ timerRollWindowSlot, fileReservedTime }: MessageStoreConfig): number {
  const most = (Math.max(fileReservedTime, 1) * HOUR * 2) / 3;
  return Math.min(timerRollWindowSlot * TIMER_PRECISION, most);
}

function damaged(position: number): StoreError {
  return new StoreError(`The timer log is damaged at byte ${position}`);
}
