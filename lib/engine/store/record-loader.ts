import { totalmem } from 'node:os';
import { BlockCache } from './block-cache.js';
import type { CommitLog } from './commit-log.js';

/** From so many records on they are read by block, when each takes up no more than so many bytes of the log, those of others among them. */
const MIN_RECORDS = 4;
const MAX_DISTANCE = 32 * 1024;
/** And when not more lie side by side, on average: from the memory of the kernel, longer runs are as fast by themselves. */
const MAX_RUN = 4;

/** A record that a read is going to return. */
export interface PickedRecord {
  readonly queueOffset: number;
  readonly commitLogOffset: number;
  readonly size: number;
  /** Where it goes in the result. */
  readonly target: number;
}

/** Records that follow one another in one file, all of them in memory or none. */
interface Run {
  readonly picks: readonly PickedRecord[];
  /** Of the first, and behind the last of them. */
  readonly first: number;
  readonly end: number;
  readonly offset: number;
  readonly length: number;
  readonly target: number;
}

/** Brings records of the commit log into one buffer: from the memory of the engine, from files, or from the disk. */
export class RecordLoader {
  private readonly blocks: BlockCache;
  /** A record farther from the end of the log than this may have to come from the disk. */
  private readonly inMemoryDistance: number;
  /** Reads from the disk that are under way. */
  coldReads = 0;

  constructor(
    private readonly log: CommitLog,
    accessMessageInMemoryMaxRatio: number,
  ) {
    this.blocks = new BlockCache(log);
    this.inMemoryDistance = (totalmem() * accessMessageInMemoryMaxRatio) / 100;
  }

  /** Whether a record counts as being in memory. */
  isHot(commitLogOffset: number): boolean {
    return this.log.maxOffset - commitLogOffset <= this.inMemoryDistance;
  }

  /** Loads records, those that may have to come from the disk without blocking. */
  load(picks: readonly PickedRecord[], target: Buffer, done: () => void): void {
    this.loadFrom(picks, 0, target, this.areInBlocks(picks), done);
  }

  /** A record was not what it should be: it is read from its file the next time. */
  forget(commitLogOffset: number): void {
    this.blocks.forget(commitLogOffset);
  }

  private areInBlocks(picks: readonly PickedRecord[]): boolean {
    return areClose(picks) && (areScattered(picks) || !this.isHot(picks[0]!.commitLogOffset));
  }

  private loadFrom(
    picks: readonly PickedRecord[],
    first: number,
    target: Buffer,
    byBlock: boolean,
    done: () => void,
  ): void {
    for (let next = first; next < picks.length;) {
      const run = this.runAt(picks, next);
      const inBlock = byBlock && this.blocks.canHold(run.offset, run.length);
      if (!this.loadAtOnce(run, target, inBlock)) return this.loadLater(run, target, inBlock, done);
      next = run.end;
    }
    done();
  }

  /** False when the run may have to come from the disk. */
  private loadAtOnce(run: Run, target: Buffer, inBlock: boolean): boolean {
    const { offset, length } = run;
    if (this.copyFromTail(run, target)) return true;
    if (inBlock && this.blocks.copy(offset, length, target, run.target)) return true;
    const segment = this.log.segments.find(offset);
    if (segment === undefined) return true;
    if (!this.isHot(offset)) return false;
    const isCopied =
      inBlock && this.blocks.read(segment, offset) && this.blocks.copy(offset, length, target, run.target);
    if (!isCopied) segment.read(target, run.target, length, offset);
    return true;
  }

  private loadLater(run: Run, target: Buffer, inBlock: boolean, done: () => void): void {
    const { picks, first, end, offset, length } = run;
    const segment = this.log.segments.find(offset)!;
    this.coldReads++;
    if (inBlock) {
      return this.blocks.readAsync(segment, offset, (isThere) => {
        this.coldReads--;
        this.loadFrom(picks, first, target, isThere, done);
      });
    }
    segment.readAsync(target, run.target, length, offset, () => {
      this.coldReads--;
      this.loadFrom(picks, end, target, this.areInBlocks(picks), done);
    });
  }

  /** A run mostly lies in one chunk. */
  private copyFromTail({ picks, first, end, offset, length, target: start }: Run, target: Buffer): boolean {
    const { tail } = this.log;
    if (!tail.holds(offset)) return false;
    if (tail.copy(offset, length, target, start)) return true;
    const run = picks.slice(first, end);
    return run.every((pick) => tail.copy(pick.commitLogOffset, pick.size, target, pick.target));
  }

  private runAt(picks: readonly PickedRecord[], first: number): Run {
    const { commitLogOffset: offset, target } = picks[first]!;
    const end = this.endOfRun(picks, first);
    const last = picks[end - 1]!;
    return { picks, first, end, offset, length: last.target + last.size - target, target };
  }

  private endOfRun(picks: readonly PickedRecord[], first: number): number {
    const { tail } = this.log;
    const isInTail = tail.holds(picks[first]!.commitLogOffset);
    const segmentEnd = this.log.segments.find(picks[first]!.commitLogOffset)?.endOffset ?? 0;
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
