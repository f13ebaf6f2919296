import type { Clock } from '../../common/clock.js';

/** Milliseconds in which a file stays unreadable, and how often, before its sectors count as bad. */
const PATIENCE = 60_000;
const MIN_TRIES = 5;
/** Milliseconds from one try to the next: what was to be read together is read one by one, and that is one try. */
const MIN_GAP = 1000;
/** Milliseconds without a failure after which the next one is another trouble. */
const FORGOTTEN_AFTER = 3_600_000;

/** Of each of these codes it is known that the next try may read what is there: no sector is bad. */
const PASSING_CODES: ReadonlySet<string | undefined> = new Set(
  'EACCES EAGAIN EBADF EINTR ENOBUFS ENODEV ENOMEM ENOTCONN ENXIO EPERM ESTALE ETIMEDOUT'.split(' '),
);

/** Whether a read failed for what has nothing to do with the sectors that were to be read. */
export function isPassing(error: unknown): boolean {
  return PASSING_CODES.has((error as NodeJS.ErrnoException).code);
}

/**
 * Tells bad sectors of a file, which must not hold up who reads it for ever, from a device that cannot be read for a moment
 * (the path to it changes, a server is away), in which nothing is lost: both are an EIO.
 */
export class ReadPatience {
  /** Where the first of the reads failed; -1 when none has, or it could be read since. */
  private failedAt = -1;
  private since = 0;
  private last = 0;
  private tries = 0;

  constructor(private readonly clock: Clock) {}

  /** Notes that nothing can be read at `offset`; true when that has lasted too long. */
  isOver(offset: number): boolean {
    const now = this.clock.monotonicNow();
    if (this.failedAt < 0 || now - this.last > FORGOTTEN_AFTER) {
      this.failedAt = offset;
      this.since = now;
      this.tries = 0;
    }
    if (this.tries === 0 || now - this.last >= MIN_GAP) {
      this.last = now;
      this.tries++;
    }
    return this.tries >= MIN_TRIES && now - this.since >= PATIENCE;
  }

  onRead(offset: number, length: number): void {
    if (this.failedAt >= offset && this.failedAt < offset + length) this.failedAt = -1;
  }
}
