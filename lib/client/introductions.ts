/** Which brokers know on which connection to find a client. */
export class Introductions {
  private readonly told = new Set<string>();

  note(address: string): void {
    this.told.add(address);
  }

  /** The connection to the broker broke: it has to be told anew. */
  forget(address: string): void {
    this.told.delete(address);
  }

  /** Tells those that do not know it. Once for each connection: one that is down must not hold up every request. */
  async tell(addresses: readonly string[], tell: (address: string) => Promise<void>): Promise<void> {
    const strangers = addresses.filter((address) => !this.told.has(address));
    for (const address of strangers) this.told.add(address);
    await Promise.all(strangers.map(tell));
  }
}
