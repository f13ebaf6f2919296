import { join } from 'node:path';
import type { MessageStoreConfig } from './message-store-config.js';
import { SegmentFileQueue, type StoreFiles } from './segment-file-queue.js';
import { MAX_RECORD_OVERHEAD } from './message-ext-encoder.js';
import { TailCache } from './tail-cache.js';

/** How much longer than its body a record may be (MessageExtEncoder: maxMessageSize + 64 KiB). */
export const MAX_RECORD_EXCESS = 65_536;

/** The log of all messages of a broker (CommitLog): its files, and its newest bytes in memory. */
export class CommitLog {
  readonly segments: SegmentFileQueue;
  readonly tail: TailCache;
  /** Behind the last record that the kernel has. */
  maxOffset = 0;

  constructor(config: MessageStoreConfig, files: StoreFiles) {
    this.segments = new SegmentFileQueue(
      join(config.storePathRootDir, 'commitlog'),
      config.mappedFileSizeCommitLog,
      'mappedFileSizeCommitLog',
      files,
    );
    const maxRecordSize = config.maxMessageSize + MAX_RECORD_EXCESS;
    this.tail = new TailCache(
      config.tailCacheSize,
      maxRecordSize + MAX_RECORD_OVERHEAD,
      config.enabledAppendPropCRC,
    );
  }

  get minOffset(): number {
    return this.segments.first?.startOffset ?? 0;
  }

  /** Makes what lies between two offsets survive a power cut, or at least be part of the next flush. */
  sync(from: number, to: number): void {
    try {
      for (const segment of this.segments.segments) if (segment.endOffset > from) segment.sync();
    } catch (error) {
      this.segments.rewrite(from, to);
      throw error;
    }
  }

  /** Copies bytes that lie in one file; false when they are not there. May wait for the disk. */
  read(offset: number, length: number, target: Buffer): boolean {
    if (this.tail.copy(offset, length, target, 0)) return true;
    const segment = this.segments.find(offset);
    return segment !== undefined && segment.read(target, 0, length, offset) === length;
  }
}
