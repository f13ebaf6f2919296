import type { Clock, Timer } from '../common/clock.js';

/** Milliseconds that requests wait until a broker knows it: long enough for a connection, and a third of their usual time. */
const MAX_WAIT = 1000;

/** Which brokers know on which connection to find a client. */
export class Introductions {
  /** By address the telling, as long as it is waited for. */
  private readonly told = new Map<string, Promise<void>>();

  constructor(private readonly clock: Clock) {}

  note(address: string): void {
    this.told.set(address, Promise.resolve());
  }

  /** The connection to the broker broke: it has to be told anew. */
  forget(address: string): void {
    this.told.delete(address);
  }

  /**
   * Tells those that do not know it. Once for each connection, and waiting for none that is down: it must not hold up every request.
   * `tell` says whether it was heard.
   */
  async tell(
    addresses: readonly string[],
    tell: (address: string) => Promise<boolean>,
    isDown: (address: string) => boolean,
  ): Promise<void> {
    const waits: Promise<void>[] = [];
    for (const address of addresses) {
      const telling = this.told.get(address) ?? this.limited(this.noted(address, tell(address)));
      this.told.set(address, telling);
      if (!isDown(address)) waits.push(telling);
    }
    await Promise.all(waits);
  }

  private async noted(address: string, telling: Promise<boolean>): Promise<void> {
    if (!(await telling)) this.forget(address);
  }

  private async limited(telling: Promise<void>): Promise<void> {
    let timer: Timer | undefined;
    const over = new Promise<void>((resolve) => (timer = this.clock.setTimeout(resolve, MAX_WAIT)));
    await Promise.race([telling, over]);
    this.clock.clearTimeout(timer);
  }
}
