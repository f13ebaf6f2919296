import { join } from 'node:path';
import { JsonFile } from '../../common/json-file.js';
import type { FileSystem } from '../../common/file-system.js';
import type { Logger } from '../../common/logger.js';
import type { CommitLog } from './commit-log.js';
import type { ConsumeQueueStore } from './consume-queue-store.js';
import { isPlausible } from './cq-unit.js';

/**
 * Topics that were deleted while the commit log still has records of them: up to which offset those belong to the
 * deleted topic, and not to one that was created later with the same name. Without it a rebuild of the ConsumeQueues would
 * bring deleted topics back. Apache's broker neither writes nor reads this file.
 */
export class DeletedTopics {
  private readonly file: JsonFile;
  private readonly ends = new Map<string, number>();
  /** Topics whose deletion is under way. */
  readonly underWay = new Set<string>();
  /** Topics that are deleted, but for files or a flush that the disk refused; they would lose what they take. */
  readonly unfinished = new Set<string>();

  /** Topics whose end {@link clamp} has changed, which the file does not say yet. */
  private readonly clamped = new Set<string>();

  constructor(
    storePath: string,
    fileSystem: FileSystem,
    private readonly log: CommitLog,
  ) {
    this.file = new JsonFile(fileSystem, join(storePath, 'config', 'deletedTopics.json'));
  }

  /** @throws StoreError when there is a table but it cannot be read. */
  load(logger: Logger): void {
    const ends = this.file.load(decode, (reason) => logger.warn(reason)) ?? [];
    for (const [topic, end] of ends) this.ends.set(topic, end);
  }

  /** Whether the record of a topic at `commitLogOffset` was deleted with it. */
  has(topic: string, commitLogOffset: number): boolean {
    return this.ends.size > 0 && commitLogOffset < (this.ends.get(topic) ?? 0);
  }

  /** Notes that a topic is deleted with all its records that there are, until {@link clamp} says where they end. */
  addWhole(topic: string): void {
    this.ends.set(topic, Infinity);
  }

  /**
   * Notes that a topic is deleted with all its records before `end`; when this has succeeded, it is. When only the flush fails that
   * makes the note last, the next start may find it or not: the deletion is unfinished.
   */
  async add(topic: string, end: number): Promise<void> {
    const before = this.ends.get(topic);
    this.ends.set(topic, end);
    try {
      await this.save();
    } catch (error) {
      if (this.isNoted(topic, end)) this.unfinished.add(topic);
      else if (before === undefined) this.ends.delete(topic);
      else this.ends.set(topic, before);
      throw error;
    }
  }

  /** Whether the file says so, as far as is known. */
  private isNoted(topic: string, end: number): boolean {
    try {
      return new Map(this.file.load(decode)).get(topic) === end;
    } catch {
      return true;
    }
  }

  /** Whether the topic takes no messages, because it is being deleted or that could not be finished. */
  isUnderWay(topic: string): boolean {
    const { underWay, unfinished, clamped } = this;
    // It is asked with every message.
    return (
      (underWay.size > 0 && underWay.has(topic)) ||
      (unfinished.size > 0 && unfinished.has(topic)) ||
      (clamped.size > 0 && clamped.has(topic))
    );
  }

  /** Deletes the ConsumeQueues of deleted topics that a crash or the disk left behind. */
  finish(queues: ConsumeQueueStore, logger: Logger): void {
    for (const [topic, end] of this.ends) {
      const isNew = [...queues.of(topic)].some((queue) => {
        const last = queue.unitAt(queue.maxOffset - 1);
        return isPlausible(last) && last.commitLogOffset >= end;
      });
      if (isNew) continue;
      try {
        queues.deleteTopic(topic);
      } catch (error) {
        this.unfinished.add(topic);
        logger.error(`Topic ${topic} is deleted and takes no messages until its files are: ${String(error)}`);
      }
    }
  }

  /**
   * The log goes on at `endOffset`: what comes there was not deleted, however much of the log was lost. Until the file says so these
   * topics take nothing: the next start would take it for deleted.
   */
  clamp(endOffset: number): void {
    const isBeyond = [...this.ends].filter(([, end]) => end > endOffset);
    if (isBeyond.length === 0) return;
    for (const [topic, end] of isBeyond) {
      this.ends.set(topic, endOffset);
      // Of what was not noted before, the file says nothing wrong.
      if (end < Infinity) this.clamped.add(topic);
    }
    this.saveClamped();
  }

  /** The same as {@link isUnderWay}, for a message; what {@link clamp} could not write is tried again. */
  refuses(topic: string): boolean {
    if (!this.isUnderWay(topic)) return false;
    if (this.clamped.has(topic)) this.saveClamped();
    return true;
  }

  private saveClamped(): void {
    this.save().then(
      () => this.clamped.clear(),
      () => {},
    );
  }

  /** What neither the log nor a file has any more cannot come back. */
  forgetExpired(): void {
    this.ends.forEach((end, topic) => {
      if (end <= this.log.minOffset && !this.isUnderWay(topic)) this.ends.delete(topic);
    });
  }

  private save(): Promise<void> {
    return this.file.save(this.content());
  }

  /** Made when it is written: a deletion that failed before it is not in it. */
  private *content(): Iterable<string> {
    this.forgetExpired();
    yield JSON.stringify({ deletedTopics: [...this.ends] });
  }
}

function decode(text: string): [string, number][] {
  const { deletedTopics } = JSON.parse(text) as { deletedTopics?: unknown };
  if (!Array.isArray(deletedTopics)) throw new TypeError('there is no list of deletedTopics');
  return deletedTopics.map((entry: unknown) => {
    const [topic, end] = Array.isArray(entry) ? (entry as unknown[]) : [];
    if (typeof topic === 'string' && Number.isSafeInteger(end)) return [topic, end as number];
    throw new TypeError(`${JSON.stringify(entry)} is not a deleted topic`);
  });
}
