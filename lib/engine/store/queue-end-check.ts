import type { Logger } from '../../common/logger.js';
import type { CommitLog } from './commit-log.js';
import type { ConsumeQueue } from './consume-queue.js';
import type { ConsumeQueueStore } from './consume-queue-store.js';
import { isPlausible, PRE_BLANK_SIZE } from './cq-unit.js';
import type { QueueEndTable } from './queue-end-table.js';

/** How many queues a line of the log names. */
const MAX_NAMED = 10;

interface Bounds {
  readonly minOffset: number;
  readonly maxOffset: number;
}

/** Notices ConsumeQueues that have lost entries at one of their ends, where the entries themselves do not show it. */
export class QueueEndCheck {
  private readonly known = new Map<ConsumeQueue, Bounds>();

  constructor(
    private readonly log: CommitLog,
    private readonly queues: ConsumeQueueStore,
    private readonly queueEnds: QueueEndTable,
    private readonly logger: Logger,
  ) {}

  /** Notes how far the queues reach according to the table, and after a clean end according to their files. */
  note(isUnclean: boolean): void {
    if (!isUnclean) {
      for (const queue of this.queues.all())
        this.known.set(queue, { minOffset: 0, maxOffset: queue.maxOffset });
    }
    for (const { topic, queueId, minOffset, maxOffset } of this.queueEnds.ends()) {
      const queue = this.queues.findOrCreate(topic, queueId);
      // A queue whose messages have all expired may have no file.
      if (queue.isEmpty && minOffset === maxOffset) queue.startAt(maxOffset);
      this.known.set(queue, { minOffset, maxOffset: Math.max(maxOffset, this.knownEnd(queue)) });
    }
  }

  /** Where a queue ended when it was last known to be complete. */
  knownEnd(queue: ConsumeQueue): number {
    return this.known.get(queue)?.maxOffset ?? 0;
  }

  /** In words, the queues that lack entries; undefined when there are none. */
  findShortened(): string | undefined {
    const shortened: string[] = [];
    for (const queue of this.queues.all()) {
      const end = this.knownEnd(queue);
      const name = `${queue.topic}/${queue.queueId}`;
      if (queue.maxOffset < end) shortened.push(`${name} (ends at ${queue.maxOffset}, not ${end})`);
      else if (this.beginsTooLate(queue)) shortened.push(`${name} (begins at ${queue.minOffset})`);
    }
    if (shortened.length === 0) return undefined;
    return `entries are missing in ${shortened.length} ConsumeQueues: ${shortened.slice(0, MAX_NAMED).join(', ')}`;
  }

  /** Offsets that were given to messages once must not be given to others, which their consumers would pass over. */
  keepEnds(): void {
    for (const queue of this.queues.all()) {
      const { maxOffset } = queue;
      const end = this.knownEnd(queue);
      if (maxOffset >= end) continue;
      if (!this.hasExpired(queue)) this.reportLost(queue, maxOffset, end);
      queue.fillWithLost(end);
    }
  }

  /** Whether the messages behind the last one of a queue may have expired with the log before its first file. */
  private hasExpired(queue: ConsumeQueue): boolean {
    const last = queue.unitAt(queue.maxOffset - 1);
    return queue.isEmpty || (isPlausible(last) && last.commitLogOffset < this.log.minOffset);
  }

  private reportLost({ topic, queueId }: ConsumeQueue, from: number, to: number): void {
    this.logger.error(
      `Messages ${from} to ${to - 1} of ${topic}/${queueId} are lost: the commit log does not have them`,
    );
  }

  /** Files of a queue are deleted behind those of the log: the first one left begins with a record that has expired. */
  private beginsTooLate(queue: ConsumeQueue): boolean {
    const { minOffset } = queue;
    const first = queue.unitAt(minOffset);
    if (minOffset === 0 || first?.msgSize === PRE_BLANK_SIZE) return false;
    const isBehindStart = !isPlausible(first) || first.commitLogOffset > this.log.minOffset;
    return isBehindStart && (this.known.get(queue)?.minOffset ?? 0) < minOffset;
  }
}
