import { appendFileSync, existsSync, mkdirSync, readFileSync, truncateSync } from 'node:fs';
import { dirname } from 'node:path';

/** What is known of an order: what happened to it, in order. */
export interface OrderView {
  readonly id: string;
  readonly events: readonly string[];
}

export interface JournalEntry {
  readonly id: string;
  readonly event: string;
}

/**
 * What happened to the orders, one line each in a file. A message can come twice, so an event of an order is only noted
 * once.
 */
export class OrderJournal {
  private readonly orders = new Map<string, string[]>();

  constructor(private readonly path: string) {
    mkdirSync(dirname(path), { recursive: true });
    if (existsSync(path)) this.load();
  }

  /** Notes an event; false when it was noted before. */
  add(id: string, event: string): boolean {
    if (this.has(id, event)) return false;
    appendFileSync(this.path, `${JSON.stringify({ id, event })}\n`);
    this.remember({ id, event });
    return true;
  }

  /** Notes several events at once, those that were noted before left out. */
  addAll(entries: readonly JournalEntry[]): void {
    let lines = '';
    for (const { id, event } of entries) {
      if (this.has(id, event)) continue;
      lines += `${JSON.stringify({ id, event })}\n`;
      this.remember({ id, event });
    }
    if (lines !== '') appendFileSync(this.path, lines);
  }

  has(id: string, event: string): boolean {
    return this.orders.get(id)?.includes(event) ?? false;
  }

  find(id: string): OrderView | undefined {
    const events = this.orders.get(id);
    return events && { id, events };
  }

  get size(): number {
    return this.orders.size;
  }

  private load(): void {
    const text = readFileSync(this.path, 'utf8');
    // A process that was killed may have left half a line.
    const complete = text.slice(0, text.lastIndexOf('\n') + 1);
    if (complete.length < text.length) truncateSync(this.path, Buffer.byteLength(complete));
    for (const line of complete.split('\n')) if (line !== '') this.remember(JSON.parse(line) as JournalEntry);
  }

  private remember({ id, event }: JournalEntry): void {
    const events = this.orders.get(id);
    if (events === undefined) this.orders.set(id, [event]);
    else events.push(event);
  }
}
