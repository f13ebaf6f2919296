import { join } from 'node:path';
import { topicNameFault } from '../../common/topic-validator.js';
import { ConsumeQueue } from './consume-queue.js';
import { MAX_UNWRITTEN_UNITS } from './cq-unit.js';
import type { DispatchRequest } from './dispatch-request.js';
import { SegmentFileQueue, type StoreFiles } from './segment-file-queue.js';
import type { Unsynced } from './unsynced.js';

/**
 * Units for which the periodic flush writes a queue; fewer wait for the checkpoint, or ten thousand queues would be written
 * every second for a few units each.
 */
const MIN_WRITTEN_UNITS = 64;
/** Queues that are written in one turn of the event loop, by what is in no hurry. */
const QUEUES_PER_TURN = 32;

/** Whether a queue may be called that: its name becomes a path, and what is not loaded again must not be stored. */
export function isQueueName(topic: string, queueId: number): boolean {
  return (
    topicNameFault(topic) === undefined &&
    Number.isInteger(queueId) &&
    queueId >= 0 &&
    queueId <= MAX_QUEUE_ID
  );
}

/** More than a topic may have; with a higher one, a damaged record would give its topic millions of queues. */
const MAX_QUEUE_ID = 0xffff;

const NO_QUEUES: ReadonlyMap<number, ConsumeQueue> = new Map();

/** All ConsumeQueues of a store (ConsumeQueueStore). */
export class ConsumeQueueStore {
  private readonly table = new Map<string, Map<number, ConsumeQueue>>();
  /** Queues of deleted topics that may have files. */
  private readonly leftOver = new Map<string, readonly ConsumeQueue[]>();
  /** Queues with units that are not written, or with memory to free. */
  private readonly active = new Set<ConsumeQueue>();
  private readonly directory: string;
  /** Whether names that differ only in case are one to the file system. */
  private foldsCase = false;

  constructor(
    private readonly storePath: string,
    private readonly fileSize: number,
    private readonly files: StoreFiles,
    private readonly unsynced: Unsynced,
  ) {
    this.directory = join(storePath, 'consumequeue');
  }

  /** @throws ConfigurationError when the files of a queue have another length; those of none are changed then. */
  load(): void {
    const { fileSystem } = this.files;
    // The name of `abort`, which is there while the store is open.
    this.foldsCase = fileSystem.exists(join(this.storePath, 'ABORT'));
    for (const topic of fileSystem.list(this.directory)) {
      if (!isQueueName(topic, 0) || !fileSystem.isDirectory(join(this.directory, topic))) continue;
      for (const queueId of fileSystem.list(join(this.directory, topic))) {
        const id = Number(queueId);
        if (String(id) === queueId && isQueueName(topic, id)) this.findOrCreate(topic, id).load();
      }
    }
    for (const queue of this.all()) queue.completeFiles();
  }

  find(topic: string, queueId: number): ConsumeQueue | undefined {
    return this.table.get(topic)?.get(queueId);
  }

  findOrCreate(topic: string, queueId: number): ConsumeQueue {
    let queues = this.table.get(topic);
    if (queues === undefined) this.table.set(topic, (queues = new Map()));
    let queue = queues.get(queueId);
    if (queue === undefined) queues.set(queueId, (queue = this.create(topic, queueId)));
    return queue;
  }

  /** The queue of a message; undefined when it cannot be. */
  createFor(topic: string, queueId: number): ConsumeQueue | undefined {
    if (!isQueueName(topic, queueId)) return undefined;
    if (!this.has(topic) && this.directoryFault(topic, this.directories()) !== undefined) return undefined;
    return this.findOrCreate(topic, queueId);
  }

  private *directories(): IterableIterator<string> {
    yield* this.table.keys();
    yield* this.leftOver.keys();
  }

  /** Why a topic cannot have a directory beside those of others. */
  directoryFault(topic: string, others: Iterable<string>): string | undefined {
    if (process.platform === 'win32' && topic.includes('|'))
      return `topic ${topic} cannot be on Windows, where no directory has a | in its name`;
    if (!this.foldsCase) return undefined;
    const folded = topic.toLowerCase();
    for (const other of others)
      if (other !== topic && other.toLowerCase() === folded)
        return `topic ${topic} cannot be beside ${other}: the file system of the store takes both for one`;
    return undefined;
  }

  has(topic: string): boolean {
    return this.table.has(topic);
  }

  /** The queues of a topic. */
  of(topic: string): IterableIterator<ConsumeQueue> {
    return (this.table.get(topic) ?? NO_QUEUES).values();
  }

  /**
   * Deletes the queues of a topic with their files; what is still to be appended to them is left out. When the disk does not let
   * the files go it may be called again.
   */
  deleteTopic(topic: string): void {
    // The name becomes a path.
    if (!isQueueName(topic, 0)) return;
    this.takeOut(topic);
    for (const queue of this.leftOver.get(topic)!) queue.destroy();
    this.removeDirectory(join(this.directory, topic));
    this.leftOver.delete(topic);
  }

  /** The topic is gone, even if its files are not. */
  private takeOut(topic: string): void {
    for (const queue of this.of(topic)) {
      queue.isDeleted = true;
      this.active.delete(queue);
    }
    this.leftOver.set(topic, [...(this.leftOver.get(topic) ?? []), ...this.of(topic)]);
    this.table.delete(topic);
  }

  private removeDirectory(directory: string): void {
    const { fileSystem } = this.files;
    if (!fileSystem.isDirectory(directory)) return;
    if (fileSystem.list(directory).length === 0) fileSystem.removeDirectory(directory);
    fileSystem.syncDirectory(this.directory);
  }

  *all(): IterableIterator<ConsumeQueue> {
    for (const queues of this.table.values()) yield* queues.values();
  }

  /** The highest queue id of each topic that has queues here. */
  *topics(): IterableIterator<[topic: string, maxQueueId: number]> {
    for (const [topic, queues] of this.table) yield [topic, Math.max(...queues.keys())];
  }

  /** Appends the unit of a record whose offset is the next one of its queue. */
  append(request: DispatchRequest): void {
    const { queue } = request;
    if (queue.isDeleted) return;
    queue.append(request.commitLogOffset, request.msgSize, request.tagsCode);
    if (queue.unwritten === 1) this.active.add(queue);
  }

  /** Writes the queues that have gathered many units. */
  writeFull(requests: readonly DispatchRequest[]): void {
    for (const { queue } of requests) if (queue.unwritten >= MAX_UNWRITTEN_UNITS) queue.write();
  }

  /** Writes the queues for which it is worth it, or all. */
  write(all: boolean): void {
    const min = all ? 1 : MIN_WRITTEN_UNITS;
    for (const queue of this.active) if (queue.unwritten >= min) queue.write();
  }

  /** Writes everything that was appended before the call, with turns of other work in between. */
  async writeInTurns(turn: () => Promise<void>): Promise<void> {
    let left = QUEUES_PER_TURN;
    for (const queue of this.active) {
      if (left-- === 0) {
        await turn();
        left = QUEUES_PER_TURN;
      }
      queue.write();
    }
  }

  /** Frees the memory of the queues that had no message since they were written. */
  releaseIdle(): void {
    for (const queue of this.active) {
      if (queue.unwritten > 0) continue;
      queue.releaseTail();
      this.active.delete(queue);
    }
  }

  /** About how many files a checkpoint has to flush. */
  get unsyncedCount(): number {
    return Math.max(this.active.size, this.unsynced.segments.size);
  }

  /** Continues every queue behind its last unit. */
  finishRecovery(minCommitLogOffset: number): void {
    for (const queue of this.all()) {
      queue.correctMinOffset(minCommitLogOffset);
      queue.nextOffset = queue.maxOffset;
      this.active.add(queue);
    }
  }

  truncateFrom(commitLogOffset: number): void {
    for (const queue of this.all()) queue.truncateFrom(commitLogOffset);
  }

  /**
   * Forgets the messages below `minCommitLogOffset` and deletes the files that hold no others, as far as the disk lets them go, with
   * turns of other work in between. It ends when `turn` says that the store does.
   */
  async deleteExpired(minCommitLogOffset: number, turn: () => Promise<boolean>): Promise<void> {
    let left = QUEUES_PER_TURN;
    for (const queue of this.all()) {
      if (left-- === 0) {
        if (!(await turn())) return;
        left = QUEUES_PER_TURN;
      }
      this.deleteExpiredOf(queue, minCommitLogOffset);
    }
  }

  private deleteExpiredOf(queue: ConsumeQueue, minCommitLogOffset: number): void {
    try {
      queue.correctMinOffset(minCommitLogOffset);
      queue.deleteExpiredFiles();
    } catch (error) {
      this.files.logger.error(
        `A file of ConsumeQueue ${queue.topic}/${queue.queueId}, which has expired, cannot be deleted: ${String(error)}`,
      );
    }
  }

  private create(topic: string, queueId: number): ConsumeQueue {
    const directory = join(this.directory, topic, String(queueId));
    return new ConsumeQueue(
      topic,
      queueId,
      new SegmentFileQueue(directory, this.fileSize, 'mappedFileSizeConsumeQueue', this.files),
      this.unsynced,
    );
  }
}
