/** Which brokers know on which connection to find a client. */
export class Introductions {
  /** By address the telling, which may be under way. */
  private readonly told = new Map<string, Promise<void>>();

  note(address: string): void {
    this.told.set(address, Promise.resolve());
  }

  /** The connection to the broker broke: it has to be told anew. */
  forget(address: string): void {
    this.told.delete(address);
  }

  /** Tells those that do not know it. Once for each connection: one that is down must not hold up every request. */
  async tell(addresses: readonly string[], tell: (address: string) => Promise<void>): Promise<void> {
    await Promise.all(
      addresses.map((address) => {
        const telling = this.told.get(address) ?? tell(address);
        this.told.set(address, telling);
        return telling;
      }),
    );
  }
}
