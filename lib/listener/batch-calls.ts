import type { Clock } from '../common/clock.js';
import { BatchCollector } from './batch-collector.js';
import type { ListenerEndpoint } from './listener-endpoint.js';

/** The calls with batches that a group may have under way at once. */
export class BatchCalls {
  /** Whether nothing waits for more messages any longer. */
  isClosed = false;
  /** The largest batch, in messages; 1 when the group has none. */
  largest = 1;
  private running = 0;
  private waiting: (() => void)[] = [];

  constructor(
    private limit: number,
    private readonly clock: Clock,
  ) {}

  /** The endpoint, called with batches if it wants them. */
  gathering(endpoint: ListenerEndpoint): ListenerEndpoint {
    const { batch } = endpoint.options;
    if (batch === undefined) return endpoint;
    this.largest = Math.max(this.largest, batch.size);
    const options = { size: batch.size, lingerMs: batch.lingerMs ?? 0 };
    const collector = new BatchCollector(endpoint.invoke, options, this, this.clock);
    return { ...endpoint, invoke: collector.add.bind(collector) as ListenerEndpoint['invoke'] };
  }

  /** Calls `onFree` whenever there may be something to begin. */
  listen(onFree: () => void): void {
    this.waiting.push(onFree);
  }

  setLimit(limit: number): void {
    this.limit = limit;
    this.wake();
  }

  /** What was gathered is handled at once, whether there is more to come or not. */
  setClosed(isClosed: boolean): void {
    this.isClosed = isClosed;
    this.wake();
  }

  tryBegin(): boolean {
    if (this.running >= this.limit) return false;
    this.running++;
    return true;
  }

  /** Listeners of a group take turns. */
  end(): void {
    this.running--;
    this.waiting = [...this.waiting.slice(1), ...this.waiting.slice(0, 1)];
    this.wake();
  }

  private wake(): void {
    for (const onFree of this.waiting) onFree();
  }
}
