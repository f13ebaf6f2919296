import { median } from '../support/closed-loop.js';
import type { Measured } from '../support/measure-load.js';

/** Microseconds that stand for a message that never came: Java's load has no infinity. */
const NEVER = 1e9;

/** What the rounds came to, by peer and work, as medians of the rounds. */
export class Measurements {
  private readonly values = new Map<string, number[]>();

  constructor(private readonly rounds = 0) {}

  add(peer: string, figure: string, value: number): void {
    const key = `${peer}\n${figure}`;
    this.values.set(key, [...(this.values.get(key) ?? []), value]);
  }

  /** Rates are messages per second, latencies microseconds, CPU seconds per million messages (of what was delivered, where that is counted). */
  addWork(peer: string, { work, messages, millis, p50, p99, delivered, ...cpu }: Measured): void {
    // All of a short backlog may come together with the first message, which is not counted.
    if (messages === 0) return;
    this.add(peer, work, (messages * 1000) / millis);
    const handled = delivered ?? messages;
    this.add(peer, `${work} client CPU`, (cpu.cpuMillis * 1000) / handled);
    if (cpu.serverCpuMillis !== undefined) {
      this.add(peer, `${work} server CPU`, (cpu.serverCpuMillis * 1000) / handled);
    }
    if (p50 !== undefined) this.add(peer, `${work} p50`, endless(p50));
    if (p99 !== undefined) this.add(peer, `${work} p99`, endless(p99));
    if (delivered === undefined) return;
    this.add(peer, `${work} delivered`, (delivered * 1000) / millis);
    this.add(peer, `${work} of each`, delivered / messages);
  }

  /** Undefined where nothing was measured. */
  get(peer: string, figure: string): number | undefined {
    const values = this.values.get(`${peer}\n${figure}`);
    return values === undefined ? undefined : median(values);
  }

  /** How many of the rounds a figure is of, where not of all; nothing where it is. */
  note(peer: string, figure: string): string {
    const count = this.values.get(`${peer}\n${figure}`)?.length ?? 0;
    return count > 0 && count < this.rounds ? ` (${count} of ${this.rounds} rounds)` : '';
  }
}

const endless = (micros: number): number => (micros > NEVER ? Number.POSITIVE_INFINITY : micros);
