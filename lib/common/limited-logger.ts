import type { Clock } from './clock.js';
import type { Logger } from './logger.js';

/** For lines of which others decide how many there could be: of `interval` milliseconds it writes the first `lines`. */
export class LimitedLogger implements Logger {
  private endsAt = -Infinity;
  private left = 0;
  private skipped = 0;

  constructor(
    private readonly logger: Logger,
    private readonly clock: Clock,
    private readonly interval = 10_000,
    private readonly lines = 1,
  ) {}

  /** A message that costs something to make is a function. */
  log(message: string | (() => string)): void {
    this.write('log', message);
  }

  warn(message: string): void {
    this.write('warn', message);
  }

  error(message: string): void {
    this.write('error', message);
  }

  private write(level: keyof Logger, message: string | (() => string)): void {
    const now = this.clock.monotonicNow();
    if (now >= this.endsAt) {
      this.endsAt = now + this.interval;
      this.left = this.lines;
    }
    if (this.left === 0) return void this.skipped++;
    this.left--;
    const leftOut = this.skipped === 0 ? '' : ` (${this.skipped} left out before)`;
    this.skipped = 0;
    this.logger[level]((typeof message === 'string' ? message : message()) + leftOut);
  }
}
