import type { ConnectionChange } from '../remoting/transport/connection-change.js';

/** The state of a connection of a client. */
export interface ConnectionStatus extends ConnectionChange {
  readonly role: 'nameServer' | 'broker';
}

/** The connections of a client over TCP. */
export class ConnectionTable {
  private readonly connections = new Map<string, ConnectionStatus>();
  private listener: ((status: ConnectionStatus) => void) | undefined;

  /** `isNear`: whether this process serves an address by now; what was a connection to it is none any more. */
  constructor(private readonly isNear: (address: string) => boolean) {}

  statuses(): readonly ConnectionStatus[] {
    return [...this.connections.values()].filter(({ address }) => !this.isNear(address));
  }

  /** Another object after every change; undefined where there never was a connection, as within a process. */
  find(address: string): ConnectionStatus | undefined {
    return this.isNear(address) ? undefined : this.connections.get(address);
  }

  /** False where there never was a connection. */
  isDown(address: string): boolean {
    return (this.find(address)?.state ?? 'connected') !== 'connected';
  }

  /** Who is told of every change. */
  onStatus(listener: (status: ConnectionStatus) => void): void {
    this.listener = listener;
  }

  /** Notes a change. */
  update(status: ConnectionStatus): void {
    this.connections.set(status.address, status);
    this.listener?.(status);
  }

  /** Forgets those that are broken and not to one of these addresses. */
  retain(addresses: ReadonlySet<string>): void {
    for (const { address, state } of this.connections.values()) {
      if (state !== 'connected' && !addresses.has(address)) this.connections.delete(address);
    }
  }
}
