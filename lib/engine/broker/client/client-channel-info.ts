import { formatHostAddress } from '../../../common/socket-host.js';
import type { Connection } from '../../../remoting/body/connection.js';
import type { Channel } from '../../../remoting/channel.js';

/** What is known of a member of a group besides its connection (ClientChannelInfo). */
export interface ClientChannelInfo {
  readonly clientId: string;
  /** Of its last heartbeat, in milliseconds since the epoch. */
  readonly lastUpdateTimestamp: number;
}

/** The members of a group as administrators see them. */
export function connectionsOf(clients: ReadonlyMap<Channel, ClientChannelInfo>): Connection[] {
  return [...clients].map(([{ remoteHost, language, version }, { clientId }]) => {
    return { clientId, clientAddr: formatHostAddress(remoteHost), language, version };
  });
}
