import type { Logger } from '../../common/logger.js';
import type { StoreError } from '../../errors/store.error.js';

/** Why the store refuses messages, if it does (RunningFlags). Nothing here ever stops reading. */
export class RunningFlags {
  /** A write or flush failed: what the disk holds is not known, so nothing is written until a restart. Or the store was deleted. */
  fault: StoreError | undefined;
  /** A write found no room; cleared as soon as there is some. */
  diskFull = false;
  /** The disk is used above `diskSpaceWarningLevelRatio`. */
  diskRatioExceeded = false;
  /** A ConsumeQueue or the index could not be written; cleared when a later try succeeds. */
  queueError: string | undefined;
  isShutdown = false;

  /** The first fault is the reason that senders are told. */
  fail(fault: StoreError, logger: Logger): void {
    this.fault ??= fault;
    logger.error(fault.message);
  }

  get isWriteable(): boolean {
    return this.reason === undefined;
  }

  /** In words for the sender of a refused message. */
  get reason(): string | undefined {
    if (this.isShutdown) return 'the message store is shut down';
    if (this.fault !== undefined) return this.fault.message;
    // More room than for a write is needed then.
    if (this.diskRatioExceeded) return 'the disk is used above diskSpaceWarningLevelRatio';
    if (this.diskFull) return 'the disk is full; sending resumes as soon as there is room';
    return this.queueError;
  }
}
