import type { Clock } from '../../common/clock.js';
import type { Logger } from '../../common/logger.js';
import type { CommitLog } from './commit-log.js';
import type { ConsumeQueue } from './consume-queue.js';
import { isPlausible, type CqUnit } from './cq-unit.js';
import type { DeletedTopics } from './deleted-topics.js';
import { readDispatchRequest, readRecordQueue } from './dispatch-request.js';
import { OffsetRanges } from './offset-ranges.js';
import { leadsToRecord } from './record-head.js';
import { RecordScanner } from './record-scanner.js';
import type { RunningFlags } from './running-flags.js';
import type { SegmentFile } from './segment-file.js';

/** Bytes of the log that are searched before other work gets its turn. */
const SLICE = 16 * 1024 * 1024;
/** How far a sound unit is looked for one by one; from there on with growing steps. */
const NEAR = 64;

/** Units that do not lead to their records, and the part of the log in which these must lie. */
interface Search {
  readonly queue: ConsumeQueue;
  readonly missing: OffsetRanges;
  readonly repaired: OffsetRanges;
  readonly logStart: number;
  readonly logEnd: number;
}

/** With an error nothing is known of what was searched for. */
export type RepairCallback = (error: Error | null) => void;

/** Replaces ConsumeQueue units that lead to no record, or to a wrong one, by what the log says. */
export class UnitRepair {
  /** Who waits for the search that is under way in a queue. */
  private readonly waiting = new Map<ConsumeQueue, RepairCallback[]>();

  constructor(
    private readonly log: CommitLog,
    private readonly deleted: DeletedTopics,
    private readonly delayLevels: readonly number[],
    private readonly clock: Clock,
    private readonly flags: RunningFlags,
    private readonly logger: Logger,
  ) {}

  /** Repairs the unit of `offset` and the damaged ones around it; those whose record is gone become lost. */
  repair(queue: ConsumeQueue, offset: number, done: RepairCallback): void {
    const waiting = this.waiting.get(queue);
    if (waiting !== undefined) return void waiting.push(done);
    this.waiting.set(queue, [done]);
    let search: Search;
    try {
      // The file of the log with its record may have been deleted a moment ago.
      queue.correctMinOffset(this.log.minOffset);
      if (offset < queue.minOffset) return this.end(queue, null);
      search = this.plan(queue, offset);
    } catch (error) {
      return this.end(queue, error as Error);
    }
    this.search(search, search.logStart);
  }

  private plan(queue: ConsumeQueue, offset: number): Search {
    const before = this.soundNeighbour(queue, offset, -1);
    const after = this.soundNeighbour(queue, offset, 1);
    const missing = new OffsetRanges();
    for (let next = (before ?? queue.minOffset - 1) + 1; next < (after ?? queue.maxOffset); next++) {
      if (next === offset || !leadsToRecord(this.log, queue, next)) missing.add(next, next + 1);
    }
    const last = before === undefined ? undefined : queue.unitAt(before);
    const logStart = last === undefined ? this.log.minOffset : last.commitLogOffset + last.msgSize;
    const end = after === undefined ? undefined : queue.unitAt(after);
    const logEnd = end?.commitLogOffset ?? this.log.maxOffset;
    return { queue, missing, repaired: new OffsetRanges(), logStart, logEnd };
  }

  private soundNeighbour(queue: ConsumeQueue, offset: number, direction: 1 | -1): number | undefined {
    for (let distance = 1; ; distance += distance < NEAR ? 1 : distance) {
      const neighbour = offset + direction * distance;
      if (neighbour < queue.minOffset || neighbour >= queue.maxOffset) return undefined;
      if (!queue.lost.has(neighbour) && leadsToRecord(this.log, queue, neighbour)) return neighbour;
    }
  }

  private search(search: Search, offset: number): void {
    // The files are closed; whoever waits is about to end, too.
    if (this.flags.isShutdown) return;
    // Nobody misses what was deleted with its topic.
    if (search.queue.isDeleted) search.missing.remove(0, Infinity);
    if (offset >= search.logEnd || search.missing.isEmpty) return this.finish(search);
    const segment = this.log.segments.find(offset);
    if (segment === undefined) {
      // A file is missing; what is behind it is not.
      const next = this.log.segments.startAfter(offset);
      return next > offset ? this.search(search, next) : this.finish(search);
    }
    let next: number;
    try {
      next = this.searchSlice(search, segment, offset);
    } catch (error) {
      return this.end(search.queue, error as Error);
    }
    this.clock.setImmediate(() => this.search(search, next));
  }

  /** Returns where the search goes on. */
  private searchSlice(search: Search, segment: SegmentFile, offset: number): number {
    const limit = Math.min(search.logEnd, segment.endOffset, offset + SLICE);
    const scanner = new RecordScanner(segment, (buffer, position) => this.inspect(search, buffer, position));
    const next = scanner.walk(offset, limit);
    if (next >= limit) return next;
    return scanner.isEndOfFile(next) ? segment.endOffset : (scanner.findNext(next + 1, limit) ?? limit);
  }

  private inspect({ queue, missing, repaired }: Search, buffer: Buffer, position: number): void {
    const { topic, queueId, queueOffset } = readRecordQueue(buffer, position);
    if (topic !== queue.topic || queueId !== queue.queueId || !missing.has(queueOffset)) return;
    const request = readDispatchRequest(buffer, position, queue, this.delayLevels);
    // A topic of the same name that was deleted had the same offsets.
    if (this.deleted.has(topic, request.commitLogOffset)) return;
    queue.repairUnit(queueOffset, request.commitLogOffset, request.msgSize, request.tagsCode);
    missing.remove(queueOffset, queueOffset + 1);
    repaired.add(queueOffset, queueOffset + 1);
  }

  private finish({ queue, missing, repaired, logStart, logEnd }: Search): void {
    const name = `${queue.topic}/${queue.queueId}`;
    for (const { from, to } of repaired) {
      this.logger.warn(`Repaired entries ${from} to ${to - 1} of ConsumeQueue ${name} from the commit log`);
    }
    for (const { from, to } of missing) {
      queue.lost.add(from, to);
      this.logger.error(
        `Messages ${from} to ${to - 1} of ${name} cannot be read: no sound records of them are in the commit log ` +
          `at bytes ${logStart} to ${logEnd - 1}${this.describe(queue, from)}`,
      );
    }
    this.end(queue, null);
  }

  private end(queue: ConsumeQueue, error: Error | null): void {
    const waiting = this.waiting.get(queue)!;
    this.waiting.delete(queue);
    for (const done of waiting) done(error);
  }

  /** Where the record should be, if that can be read. */
  private describe(queue: ConsumeQueue, offset: number): string {
    let unit: CqUnit | undefined;
    try {
      unit = queue.unitAt(offset);
    } catch {
      return '';
    }
    if (!isPlausible(unit)) return '';
    const path = this.log.segments.find(unit.commitLogOffset)?.path;
    return path === undefined
      ? ''
      : `; ${offset} was at byte ${unit.commitLogOffset}, ${unit.msgSize} bytes (${path})`;
  }
}
