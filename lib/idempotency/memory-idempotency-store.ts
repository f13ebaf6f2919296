import { systemClock, type Clock } from '../common/clock.js';
import { checkOption, integer } from '../common/option-rules.js';
import type {
  RocketMQIdempotencyAnswer,
  RocketMQIdempotencyStore,
} from '../interfaces/idempotency.interface.js';

const maxEntriesRule = integer(100_000, 1, 10_000_000);

interface Entry {
  readonly isDone: boolean;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/**
 * Notes in this process which messages were handled, and forgets those first that were handled first.
 *
 * @publicApi
 */
export class MemoryIdempotencyStore implements RocketMQIdempotencyStore {
  /** What was handled first comes first. */
  private readonly entries = new Map<string, Entry>();
  private readonly maxEntries: number;

  /** @throws ConfigurationError for a number of entries that is not from 1 to 10,000,000. */
  constructor(
    { maxEntries = maxEntriesRule.default }: { readonly maxEntries?: number } = {},
    private readonly clock: Clock = systemClock,
  ) {
    checkOption('maxEntries', maxEntries, maxEntriesRule);
    this.maxEntries = maxEntries;
  }

  begin(
    key: string,
    { ttl, lease }: { readonly ttl: number; readonly lease: number },
  ): RocketMQIdempotencyAnswer {
    const now = this.clock.now();
    const known = this.entries.get(key);
    if (known !== undefined && known.until > now)
      return known.isDone ? { state: 'DONE' } : { state: 'IN_PROGRESS', forMillis: known.until - now };
    const mine = { isDone: false, until: now + lease };
    this.put(key, mine);
    return {
      state: 'NEW',
      done: () => this.put(key, { isDone: true, until: this.clock.now() + ttl }),
      release: () => {
        if (this.entries.get(key) === mine) this.entries.delete(key);
      },
    };
  }

  private put(key: string, entry: Entry): void {
    this.entries.delete(key);
    this.entries.set(key, entry);
    if (this.entries.size > this.maxEntries) this.forgetOldest();
  }

  /** What is being handled is forgotten only when there is nothing else. */
  private forgetOldest(): void {
    for (const [key, { isDone }] of this.entries) {
      if (!isDone) continue;
      this.entries.delete(key);
      return;
    }
    const [oldest] = this.entries.keys();
    this.entries.delete(oldest!);
  }
}
