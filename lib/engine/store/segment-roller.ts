import { makeDurableDirectory } from '../../common/durable-directory.js';
import { OpenError } from '../../common/file-system.js';
import { BLANK_MAGIC_CODE } from '../../common/message-layout.js';
import type { SegmentFile } from './segment-file.js';
import type { SegmentFileQueue, StoreFiles } from './segment-file-queue.js';

/** Bytes that always stay free at the end of a file, for the blank that fills it (CommitLog.END_FILE_MIN_BLANK_LENGTH). */
export const BLANK_LENGTH = 8;

/** What ends a file with `length` bytes left. */
export function blankRecord(length: number): Buffer {
  const buffer = Buffer.alloc(BLANK_LENGTH);
  buffer.writeInt32BE(length, 0);
  buffer.writeInt32BE(BLANK_MAGIC_CODE, 4);
  return buffer;
}

/** Provides the files of the commit log one after the other. */
export class SegmentRoller {
  /** The directory entries of the files up to here survive a power cut. */
  private durableEnd = 0;
  /** Why they will not, for good: the kernel says so once, and the next flush of the directory would end well without them. */
  syncFault: Error | undefined;

  constructor(
    private readonly segments: SegmentFileQueue,
    private readonly files: StoreFiles,
  ) {}

  /** The file that begins at `startOffset`, which survives a power cut. */
  next(startOffset: number): SegmentFile {
    const { segments } = this;
    makeDurableDirectory(this.files.fileSystem, segments.directory);
    const segment = segments.find(startOffset) ?? segments.create(startOffset);
    if (segment.endOffset > this.durableEnd) this.syncDirectory();
    this.durableEnd = segment.endOffset;
    return segment;
  }

  private syncDirectory(): void {
    if (this.syncFault !== undefined) throw this.syncFault;
    try {
      this.files.fileSystem.syncDirectory(this.segments.directory);
    } catch (error) {
      this.noteFault(error as Error);
      throw error;
    }
  }

  private noteFault(error: Error): void {
    if (!(error instanceof OpenError)) this.syncFault = error;
  }

  /** Creates the file that begins at `startOffset` ahead of its use (AllocateMappedFileService). */
  prepare(startOffset: number): void {
    const { fileSystem, logger } = this.files;
    const { segments } = this;
    try {
      const { endOffset } = segments.find(startOffset) ?? segments.create(startOffset);
      fileSystem.syncDirectoryAsync(segments.directory, (error) => {
        if (error === null) this.durableEnd = Math.max(this.durableEnd, endOffset);
        else this.noteFault(error);
      });
    } catch (error) {
      logger.warn(`The commit-log file after the next roll cannot be prepared: ${String(error)}`);
    }
  }
}
