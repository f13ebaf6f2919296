import { formatHostAddress } from '../../../common/socket-host.js';
import type { Connection } from '../../../remoting/body/connection.js';
import type { Channel } from '../../../remoting/channel.js';

/** What is known of a member of a group besides its connection (ClientChannelInfo). */
export interface ClientChannelInfo {
  readonly clientId: string;
  /** When its last heartbeat came, in the time of `Clock.monotonicNow`. */
  readonly lastUpdate: number;
}

/** The members of a group as administrators see them. */
export function connectionsOf(clients: ReadonlyMap<Channel, ClientChannelInfo>): Connection[] {
  return [...clients].map(([{ remoteHost, language, version }, { clientId }]) => {
    return { clientId, clientAddr: formatHostAddress(remoteHost), language, version };
  });
}
