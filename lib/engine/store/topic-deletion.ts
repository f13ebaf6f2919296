import { sleep, type Clock } from '../../common/clock.js';
import { settled, type FileCallback } from '../../common/file-system.js';
import { StoreError } from '../../errors/store.error.js';
import type { ConsumeQueueStore } from './consume-queue-store.js';
import type { DeletedTopics } from './deleted-topics.js';
import type { FlushConsumeQueueService } from './flush-consume-queue-service.js';
import type { RunningFlags } from './running-flags.js';

/** Milliseconds between looks whether the last messages of a topic are stored. */
const POLL_INTERVAL = 1;

export interface TopicDeletionOptions {
  readonly queues: ConsumeQueueStore;
  readonly deleted: DeletedTopics;
  readonly flushService: FlushConsumeQueueService;
  readonly flags: RunningFlags;
  readonly clock: Clock;
  /** Makes everything that was stored survive a power cut. */
  readonly syncLog: (done: FileCallback) => void;
}

/**
 * Deletes topics so that a crash at any moment leaves each there or gone. First the log up to the last record of the topic
 * is on the disk, then the note that the topic is deleted, and only then its files go.
 */
export class TopicDeletion {
  constructor(private readonly options: TopicDeletionOptions) {}

  async delete(topic: string): Promise<void> {
    const { underWay } = this.options.deleted;
    if (underWay.has(topic)) throw new StoreError(`topic ${topic} is being deleted already`);
    underWay.add(topic);
    try {
      if (await this.note(topic)) this.removeFiles(topic);
    } finally {
      underWay.delete(topic);
    }
  }

  /** Notes that the topic is deleted; false when there is none. */
  private async note(topic: string): Promise<boolean> {
    const { queues, deleted, flushService, clock, syncLog } = this.options;
    while (this.hasUnstored(topic)) await sleep(clock, POLL_INTERVAL);
    const end = flushService.dispatchedOffset;
    await settled(syncLog);
    if (!queues.has(topic) && !deleted.unfinished.has(topic)) return false;
    await deleted.add(topic, end);
    return true;
  }

  private removeFiles(topic: string): void {
    const { queues, deleted } = this.options;
    deleted.unfinished.add(topic);
    queues.deleteTopic(topic);
    deleted.unfinished.delete(topic);
  }

  /** Whether messages were appended that cannot be read yet. */
  private hasUnstored(topic: string): boolean {
    const { queues, flags } = this.options;
    if (flags.fault !== undefined) throw flags.fault;
    if (flags.isShutdown) throw new StoreError('the message store is shut down');
    return [...queues.of(topic)].some((queue) => queue.nextOffset !== queue.maxOffset);
  }
}
