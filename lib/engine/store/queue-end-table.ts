import { join } from 'node:path';
import { crc32 } from '../../common/crc32.js';
import type { CommitLog } from './commit-log.js';
import type { ConsumeQueueStore } from './consume-queue-store.js';
import type { DeletedTopics } from './deleted-topics.js';
import { OpenError, type FileSystem } from '../../common/file-system.js';
import type { IndexService } from './index-service.js';
import { JsonFile } from '../../common/json-file.js';

/** The offsets that a ConsumeQueue had at the last checkpoint. */
export interface QueueEnd {
  readonly topic: string;
  readonly queueId: number;
  readonly minOffset: number;
  readonly maxOffset: number;
}

interface StoredEnds {
  /** The checkpoint that was written after this table. */
  readonly checkpoint: number;
  /** Where the log began, and behind the last record that the queues have; its bounds, if this was a clean end. */
  readonly logStart: number;
  readonly logEnd: number;
  /** The newest record in the index. */
  readonly indexEnd: number;
  readonly queues: readonly (readonly [
    topic: string,
    queueId: number,
    minOffset: number,
    maxOffset: number,
  ])[];
}

/**
 * How far each ConsumeQueue and the index reached at the last checkpoint, so that what has lost its end or was
 * deleted is noticed and rebuilt. Apache's broker neither writes nor reads this file.
 */
export class QueueEndTable {
  private readonly file: JsonFile;
  /** Absent when there is none that can be read. */
  private stored: StoredEnds | undefined;
  /** Whether it is older than the checkpoint of the store: then another broker ran since. */
  private isOutdated = false;
  /** Whether the table could not be read, even if an older one could. */
  isDamaged = false;

  constructor(
    storePath: string,
    private readonly fileSystem: FileSystem,
    private readonly log: CommitLog,
    private readonly queues: ConsumeQueueStore,
    private readonly index: IndexService | undefined,
    private readonly deleted: DeletedTopics,
  ) {
    this.file = new JsonFile(fileSystem, join(storePath, 'config', 'consumeQueueEnd.json'));
  }

  /** @throws OpenError when the table is there but cannot be opened: without it, what queues have lost is not noticed. */
  load(checkpoint: number): void {
    try {
      this.stored = this.file.load(decode, () => (this.isDamaged = this.fileSystem.exists(this.path)));
      this.isOutdated = this.checkpoint < checkpoint;
    } catch (error) {
      if (error instanceof OpenError) throw error;
      this.isDamaged = true;
    }
  }

  /** The table as it is now, with all records up to `logEnd`; `checkpoint` is the one that follows it. */
  encode(checkpoint: number, logEnd: number): string {
    const queues = [...this.endsNow()];
    // Without an index, a later one lacks everything up to here.
    const indexEnd = this.index?.endPhyOffset ?? logEnd;
    const { minOffset: logStart } = this.log;
    const stored: StoredEnds = { checkpoint, logStart, logEnd, indexEnd, queues };
    const text = JSON.stringify(stored);
    return `{"crc":${crc32(Buffer.from(text))},${text.slice(1)}`;
  }

  save(text: string): Promise<void> {
    return this.file.save(text);
  }

  get path(): string {
    return this.file.path;
  }

  /** The checkpoint that the table was written with; one that the store has since may be damaged. */
  get checkpoint(): number {
    return this.stored?.checkpoint ?? Infinity;
  }

  get logStart(): number | undefined {
    return this.valid?.logStart;
  }

  get logEnd(): number | undefined {
    return this.valid?.logEnd;
  }

  get indexEnd(): number | undefined {
    return this.valid?.indexEnd;
  }

  *ends(): IterableIterator<QueueEnd> {
    for (const [topic, queueId, minOffset, maxOffset] of this.valid?.queues ?? []) {
      // The table may be older than the deletion of a topic.
      if (this.deleted.has(topic, this.logEnd! - 1)) continue;
      yield { topic, queueId, minOffset, maxOffset };
    }
  }

  /** Without topics that are being deleted: what is noted of that ends before `logEnd`, and would leave their ends standing. */
  private *endsNow(): IterableIterator<StoredEnds['queues'][number]> {
    for (const { topic, queueId, minOffset, maxOffset } of this.queues.all()) {
      if (!this.deleted.isUnderWay(topic)) yield [topic, queueId, minOffset, maxOffset];
    }
  }

  private get valid(): StoredEnds | undefined {
    return this.isOutdated ? undefined : this.stored;
  }
}

function decode(text: string): StoredEnds {
  const { crc, ...stored } = JSON.parse(text) as StoredEnds & { crc: number };
  if (crc === crc32(Buffer.from(JSON.stringify(stored)))) return stored;
  throw new Error('the checksum does not hold');
}
