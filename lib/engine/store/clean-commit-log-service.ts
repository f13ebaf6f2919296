import type { Clock, Timer } from '../../common/clock.js';
import type { CommitLog } from './commit-log.js';
import type { MessageStoreConfig } from './message-store-config.js';
import type { RunningFlags } from './running-flags.js';
import type { SegmentFile } from './segment-file.js';
import type { StoreFiles } from './segment-file-queue.js';
import type { StoreLock } from './store-lock.js';

const HOUR = 3_600_000;
/** First look at the disk, and first look for expired files, after the start. */
const FIRST_SPACE_CHECK = 1000;
const FIRST_CLEAN = 60_000;
/** Milliseconds that the clock goes ahead from one look to the next, above which it was set, or may have been. */
const CLOCK_JUMP = HOUR;
/** Milliseconds without deletion by age after that: time to set right a clock that is wrong. */
const CLOCK_JUMP_PAUSE = 6 * HOUR;

export interface CleanCommitLogOptions {
  readonly config: MessageStoreConfig;
  readonly lock: StoreLock;
  readonly log: CommitLog;
  readonly files: StoreFiles;
  readonly clock: Clock;
  readonly flags: RunningFlags;
  /** Called after files were deleted. */
  readonly onDeleted: () => void;
}

/** Deletes expired commit-log files by age and by disk use, and watches the disk (CleanCommitLogService). */
export class CleanCommitLogService {
  private timer: Timer | undefined;
  private startedAt = 0;
  /** The time of the clock at the beginning of the time that never goes back. */
  private origin = 0;
  /** In the time that never goes back. */
  private keepsByAgeUntil = -Infinity;

  constructor(private readonly options: CleanCommitLogOptions) {}

  start(): void {
    const { clock } = this.options;
    this.startedAt = clock.monotonicNow();
    this.origin = clock.now() - this.startedAt;
    this.schedule(FIRST_SPACE_CHECK);
  }

  stop(): void {
    this.options.clock.clearTimeout(this.timer);
  }

  private schedule(delay: number): void {
    this.timer = this.options.clock.setTimeout(() => {
      this.run();
      this.schedule(this.options.config.cleanResourceInterval);
    }, delay);
  }

  private run(): void {
    const { clock, files, lock } = this.options;
    this.followClock();
    if (!lock.isOwner()) return;
    try {
      const usedRatio = this.usedRatio();
      this.watchSpace(usedRatio);
      if (clock.monotonicNow() - this.startedAt >= FIRST_CLEAN) this.deleteFiles(usedRatio);
    } catch (error) {
      files.logger.error(`Looking for expired commit-log files failed: ${String(error)}`);
    }
  }

  /** To a clock that was set ahead, all files are old. */
  private followClock(): void {
    const { clock, files } = this.options;
    const now = clock.monotonicNow();
    const jump = clock.now() - now - this.origin;
    this.origin += jump;
    if (jump <= CLOCK_JUMP) return;
    this.keepsByAgeUntil = now + CLOCK_JUMP_PAUSE;
    files.logger.warn(
      `The clock went ahead by ${(jump / HOUR).toFixed(1)} hours, or this machine slept: for ` +
        `${CLOCK_JUMP_PAUSE / HOUR} hours no commit-log file is deleted because of its age`,
    );
  }

  /** Percent of the disk in use, of what this user may use (UtilAll#getDiskPartitionSpaceUsedPercent). */
  private usedRatio(): number {
    const { used, usable } = this.options.files.fileSystem.diskSpace(this.options.log.segments.directory);
    return used + usable === 0 ? 0 : (used * 100) / (used + usable);
  }

  private watchSpace(usedRatio: number): void {
    const { config, flags, files } = this.options;
    const isExceeded = usedRatio > config.diskSpaceWarningLevelRatio;
    if (isExceeded && !flags.diskRatioExceeded) {
      files.logger.error(
        `Sending is refused: the disk of ${config.storePathRootDir} is used to ${usedRatio.toFixed(1)} %, ` +
          `above diskSpaceWarningLevelRatio ${config.diskSpaceWarningLevelRatio}`,
      );
    }
    const isOver = !isExceeded && flags.diskRatioExceeded;
    flags.diskRatioExceeded = isExceeded;
    if (isOver && flags.isWriteable) files.logger.log('The disk has room again: sending resumes');
  }

  private deleteFiles(usedRatio: number): void {
    const { config } = this.options;
    const isForced =
      config.cleanFileForciblyEnable && this.isAbove(config.diskSpaceCleanForciblyRatio, usedRatio);
    if (!isForced && !this.mayDeleteByAge(usedRatio)) return;
    const expired = this.expiredFiles(isForced);
    if (expired.length === 0) return;
    try {
      this.remove(expired, isForced ? ' to free disk space' : ', which has expired');
    } finally {
      this.options.onDeleted();
    }
  }

  /** Where sends are refused, room has to be made whatever the ratio (DefaultMessageStore#isSpaceToDelete). */
  private isAbove(ratio: number, usedRatio: number): boolean {
    return usedRatio > Math.min(ratio, this.options.config.diskSpaceWarningLevelRatio);
  }

  private remove(expired: readonly SegmentFile[], reason: string): void {
    const { log, files } = this.options;
    for (const segment of expired) {
      log.segments.remove(segment);
      // One by one: a power cut must not bring an older file back before a gap.
      files.fileSystem.syncDirectory(log.segments.directory);
      files.logger.log(`Deleted ${segment.path}${reason}`);
    }
  }

  private mayDeleteByAge(usedRatio: number): boolean {
    const { clock, config } = this.options;
    if (clock.monotonicNow() < this.keepsByAgeUntil) return false;
    return this.isAbove(config.diskMaxUsedSpaceRatio, usedRatio) || this.isDeleteHour();
  }

  private isDeleteHour(): boolean {
    const hour = new Date(this.options.clock.now()).getHours();
    return this.options.config.deleteWhen.split(';').some((text) => Number(text) === hour);
  }

  /** The oldest files up to the first one that must stay; never the one that is written to, or what is behind it. */
  private expiredFiles(isForced: boolean): SegmentFile[] {
    const { config, log, clock, files } = this.options;
    const { segments, last } = log.segments;
    const now = clock.now();
    const oldestKept = now - config.fileReservedTime * HOUR;
    let count = 0;
    for (const [i, segment] of segments.entries()) {
      // Offsets go on behind the last file, so one always stays.
      if (count >= config.deleteFileBatchMax || segment.endOffset > log.maxOffset || segment === last) break;
      const modifiedAt = isForced ? -Infinity : files.fileSystem.modifiedAt(segment.path);
      if (modifiedAt <= oldestKept) count = i + 1;
      // One of the future was written while the clock was ahead, and is no younger than those behind it.
      else if (modifiedAt <= now) break;
    }
    return segments.slice(0, Math.min(count, config.deleteFileBatchMax));
  }
}
