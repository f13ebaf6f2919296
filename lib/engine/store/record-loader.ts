import { totalmem } from 'node:os';
import type { Clock } from '../../common/clock.js';
import { BlockCache } from './block-cache.js';
import type { CommitLog } from './commit-log.js';
import type { SegmentFile } from './segment-file.js';

/** From so many records on they are read by block, when each takes up no more than so many bytes of the log, those of others among them. */
const MIN_RECORDS = 4;
const MAX_DISTANCE = 32 * 1024;
/** And when not more lie side by side, on average: from the memory of the kernel, longer runs are as fast by themselves. */
const MAX_RUN = 4;

/** Milliseconds in which the kernel gives what it has in memory; a read that takes longer went to the disk. */
const SLOW_READ = 2;
/** Reads behind a slow one that do not block, at first and, if there is a slow one behind them again and again, at most. */
const MIN_READS_OFF_LOOP = 4;
const MAX_READS_OFF_LOOP = 1024;

/** A record that a read is going to return. */
export interface PickedRecord {
  readonly queueOffset: number;
  readonly commitLogOffset: number;
  readonly size: number;
  /** Where it goes in the result. */
  readonly target: number;
}

/** With an error not all records are there. */
export type LoadCallback = (error: Error | null) => void;

interface Load {
  readonly picks: readonly PickedRecord[];
  readonly target: Buffer;
  /** Whether to read by block where the blocks can be had. */
  readonly byBlock: boolean;
  readonly done: LoadCallback;
}

/** Records that follow one another in one file, all of them in memory or none. */
interface Run {
  /** The first pick, and behind the last one. */
  readonly first: number;
  readonly end: number;
  readonly offset: number;
  readonly length: number;
  /** Where they go. */
  readonly target: number;
  /** Absent when it was deleted. */
  readonly segment: SegmentFile | undefined;
}

/** Brings records of the commit log into one buffer: from the memory of the engine, from files, or from the disk. */
export class RecordLoader {
  private readonly blocks: BlockCache;
  /** A record farther from the end of the log than this may have to come from the disk. */
  private readonly inMemoryDistance: number;
  /** Reads from the disk that are under way. */
  coldReads = 0;
  /** Reads to come that do not block, though what they read should be in memory. */
  private readsOffLoop = 0;
  private nextReadsOffLoop = MIN_READS_OFF_LOOP;

  constructor(
    private readonly log: CommitLog,
    private readonly clock: Clock,
    accessMessageInMemoryMaxRatio: number,
  ) {
    this.blocks = new BlockCache(log);
    this.inMemoryDistance = (availableMemory() * accessMessageInMemoryMaxRatio) / 100;
  }

  /** Whether a record counts as being in memory. */
  isHot(commitLogOffset: number): boolean {
    return this.log.maxOffset - commitLogOffset <= this.inMemoryDistance;
  }

  /** Whether a record can be read at once. */
  isAtHand(commitLogOffset: number): boolean {
    return this.log.tail.holds(commitLogOffset) || (this.isHot(commitLogOffset) && this.readsOffLoop === 0);
  }

  /** Loads records, in the order of the log, those that may have to come from the disk without blocking. */
  load(picks: readonly PickedRecord[], target: Buffer, done: LoadCallback): void {
    this.loadFrom({ picks, target, byBlock: this.areInBlocks(picks), done }, 0);
  }

  /** A record was not what it should be: it is read from its file the next time. */
  forget(commitLogOffset: number): void {
    this.blocks.forget(commitLogOffset);
  }

  private areInBlocks(picks: readonly PickedRecord[]): boolean {
    const { commitLogOffset: oldest } = picks[0]!;
    if (this.log.tail.holds(oldest)) return false;
    return areClose(picks) && (areScattered(picks) || !this.isHot(oldest));
  }

  private loadFrom(load: Load, first: number, byBlock = load.byBlock): void {
    for (let next = first; next < load.picks.length;) {
      const run = this.runAt(load.picks, next);
      const inBlock = byBlock && this.blocks.canHold(run.offset, run.length);
      let isLoaded: boolean;
      try {
        isLoaded = this.loadAtOnce(load, run, inBlock);
      } catch (error) {
        return load.done(error as Error);
      }
      if (!isLoaded) return this.loadLater(load, run, inBlock);
      next = run.end;
    }
    load.done(null);
  }

  /** False when the run may have to come from the disk. */
  private loadAtOnce(load: Load, run: Run, inBlock: boolean): boolean {
    const { offset, length, target, segment } = run;
    if (this.copyFromTail(load, run)) return true;
    if (inBlock && this.blocks.copy(offset, length, load.target, target)) return true;
    if (segment === undefined) return true;
    if (!this.isHot(offset)) return false;
    if (this.readsOffLoop > 0) {
      this.readsOffLoop--;
      return false;
    }
    const begunAt = this.clock.monotonicNow();
    const isCopied =
      inBlock && this.blocks.read(segment, offset) && this.blocks.copy(offset, length, load.target, target);
    if (!isCopied) segment.read(load.target, target, length, offset);
    this.notePace(this.clock.monotonicNow() - begunAt >= SLOW_READ);
    return true;
  }

  /** The kernel may have less memory for files than there is, as beside other processes, or have been started just now. */
  private notePace(isSlow: boolean): void {
    if (!isSlow) {
      this.nextReadsOffLoop = MIN_READS_OFF_LOOP;
      return;
    }
    this.readsOffLoop = this.nextReadsOffLoop;
    this.nextReadsOffLoop = Math.min(2 * this.nextReadsOffLoop, MAX_READS_OFF_LOOP);
  }

  private loadLater(
    load: Load,
    { first, end, offset, length, target, segment }: Run,
    inBlock: boolean,
  ): void {
    const goOn = (error: Error | null, next: number, byBlock?: boolean) => {
      this.coldReads--;
      if (error === null) this.loadFrom(load, next, byBlock);
      else load.done(error);
    };
    this.coldReads++;
    if (inBlock) this.blocks.readAsync(segment!, offset, (isThere) => goOn(null, first, isThere));
    else segment!.readAsync(load.target, target, length, offset, (error) => goOn(error, end));
  }

  /** A run mostly lies in one chunk. */
  private copyFromTail(load: Load, { first, end, offset, length, target }: Run): boolean {
    const { tail } = this.log;
    if (!tail.holds(offset)) return false;
    if (tail.copy(offset, length, load.target, target)) return true;
    const run = load.picks.slice(first, end);
    return run.every((pick) => tail.copy(pick.commitLogOffset, pick.size, load.target, pick.target));
  }

  private runAt(picks: readonly PickedRecord[], first: number): Run {
    const { commitLogOffset: offset, target } = picks[first]!;
    const segment = this.log.segments.find(offset);
    const end = this.endOfRun(picks, first, segment?.endOffset ?? 0);
    const last = picks[end - 1]!;
    return { first, end, offset, length: last.target + last.size - target, target, segment };
  }

  private endOfRun(picks: readonly PickedRecord[], first: number, segmentEnd: number): number {
    const { tail } = this.log;
    const isInTail = tail.holds(picks[first]!.commitLogOffset);
    let end = first + 1;
    for (; end < picks.length; end++) {
      const previous = picks[end - 1]!;
      const next = picks[end]!;
      if (next.commitLogOffset !== previous.commitLogOffset + previous.size) break;
      if (next.commitLogOffset + next.size > segmentEnd) break;
      if (!isInTail && tail.holds(next.commitLogOffset)) break;
    }
    return end;
  }
}

/** Bytes that this process and the files it reads may take up: those of a container may be far fewer than the machine has. */
function availableMemory(): number {
  return Math.min(totalmem(), process.constrainedMemory() || Infinity);
}

/** Whether so many of the records lie in a block that it is worth to read all of it. */
function areClose(picks: readonly PickedRecord[]): boolean {
  if (picks.length < MIN_RECORDS) return false;
  const last = picks.at(-1)!;
  const span = last.commitLogOffset + last.size - picks[0]!.commitLogOffset;
  return span <= picks.length * MAX_DISTANCE;
}

function areScattered(picks: readonly PickedRecord[]): boolean {
  const isNewRun = ({ commitLogOffset }: PickedRecord, i: number) =>
    i === 0 || commitLogOffset !== picks[i - 1]!.commitLogOffset + picks[i - 1]!.size;
  return picks.filter(isNewRun).length * MAX_RUN >= picks.length;
}
