import { integer, tableOf } from '../../common/option-rules.js';

/** At most so many messages within any time of this length. */
export interface RateLimit {
  /** 1 to 100,000. */
  readonly max: number;
  /** Milliseconds, up to a day. */
  readonly durationMs: number;
}

export const rateLimitRule = tableOf<RateLimit>(
  '{ max: 1 to 100000, durationMs: 1 to 86400000 }',
  { max: integer(1, 1, 100_000), durationMs: integer(1000, 1, 86_400_000) },
  'max',
  'durationMs',
);

/** At most `max` events within any `durationMs`; the times of the last ones are kept. */
export class RateWindow {
  private readonly times: Float64Array;
  /** Of the oldest. */
  private next = 0;

  private readonly durationMs: number;

  constructor({ max, durationMs }: RateLimit) {
    this.times = new Float64Array(max).fill(-Infinity);
    this.durationMs = durationMs;
  }

  /** Milliseconds until the next event may be; 0 when it may be now. A clock that is set back lets it be. */
  waitAt(now: number): number {
    const age = now - this.times[this.next]!;
    return age < 0 ? 0 : Math.max(0, this.durationMs - age);
  }

  note(now: number): void {
    this.times[this.next] = now;
    this.next = (this.next + 1) % this.times.length;
  }
}
