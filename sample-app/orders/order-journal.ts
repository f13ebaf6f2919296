import fs from 'node:fs';
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
    fs.mkdirSync(dirname(path), { recursive: true });
    if (fs.existsSync(path)) this.load();
  }

  /** Notes an event; false when it was noted before. */
  add(id: string, event: string): boolean {
    if (this.has(id, event)) return false;
    this.append([{ id, event }]);
    return true;
  }

  /** Notes several events at once, those that were noted before left out. */
  addAll(entries: readonly JournalEntry[]): void {
    const different = new Map(entries.map((entry) => [`${entry.id} ${entry.event}`, entry]));
    const missing = [...different.values()].filter(({ id, event }) => !this.has(id, event));
    if (missing.length > 0) this.append(missing);
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

  /** What could not be written is not remembered, so that it is written when its message comes again. */
  private append(entries: readonly JournalEntry[]): void {
    const { size } = fs.statSync(this.path, { throwIfNoEntry: false }) ?? { size: 0 };
    try {
      fs.appendFileSync(this.path, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
    } catch (error) {
      // A full disk may have taken half a line.
      if (fs.existsSync(this.path)) fs.truncateSync(this.path, size);
      throw error;
    }
    for (const entry of entries) this.remember(entry);
  }

  private load(): void {
    const text = fs.readFileSync(this.path, 'utf8');
    // A process that was killed may have left half a line.
    const complete = text.slice(0, text.lastIndexOf('\n') + 1);
    if (complete.length < text.length) fs.truncateSync(this.path, Buffer.byteLength(complete));
    for (const line of complete.split('\n')) if (line !== '') this.remember(JSON.parse(line) as JournalEntry);
  }

  private remember({ id, event }: JournalEntry): void {
    const events = this.orders.get(id);
    if (events === undefined) this.orders.set(id, [event]);
    else events.push(event);
  }
}
