import type { Clock } from '../../common/clock.js';
import { LimitedLogger } from '../../common/limited-logger.js';
import type { Logger } from '../../common/logger.js';
import type { RunningFlags } from './running-flags.js';

/** Milliseconds between tries of a disk that was full. */
const PROBE_INTERVAL = 1000;

/** Tries a disk that was full from time to time. */
export class DiskProbe {
  private probedAt = 0;
  /** A disk may have room for what is tried and not for what is sent, again and again. */
  private readonly logger: LimitedLogger;

  constructor(
    private readonly flags: RunningFlags,
    private readonly clock: Clock,
    logger: Logger,
    private readonly hasRoom: () => boolean,
  ) {
    this.logger = new LimitedLogger(logger, clock);
  }

  /** Whether the disk is still full, as far as is known. */
  isFull(): boolean {
    if (!this.flags.diskFull) return false;
    // Nothing may be written any more, and behind the end of a closed log another owner may have messages by now.
    if (this.flags.isShutdown || this.flags.fault !== undefined) return true;
    const now = this.clock.now();
    if (Math.abs(now - this.probedAt) < PROBE_INTERVAL) return true;
    this.probedAt = now;
    if (!this.hasRoom()) return true;
    this.flags.diskFull = false;
    if (this.flags.isWriteable) this.logger.log('The disk has room again: sending resumes');
    return false;
  }
}
