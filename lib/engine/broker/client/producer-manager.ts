import { epochMillisOf, type Clock, type Timer } from '../../../common/clock.js';
import { formatHostAddress } from '../../../common/socket-host.js';
import type { ProducerInfo } from '../../../remoting/body/connection.js';
import type { Channel } from '../../../remoting/channel.js';
import { ChannelGroups } from './channel-groups.js';
import type { ClientChannelInfo } from './client-channel-info.js';

/** Milliseconds between looks for members that fell silent. */
const SCAN_INTERVAL = 10_000;
/** Most groups of all producers together. */
export const MAX_PRODUCER_GROUPS = 10_000;

/** The live producers of a broker by group (ProducerManager). */
export class ProducerManager {
  private readonly table = new Map<string, Map<Channel, ClientChannelInfo>>();
  private readonly channelGroups = new ChannelGroups();
  /** By client id the connection on which it came last (ProducerManager#clientChannelTable). */
  private readonly channels = new Map<string, Channel>();
  private timer: Timer | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly channelExpiredTimeout: number,
  ) {}

  /** The members of a group; undefined when it has none. */
  clientsOf(group: string): ReadonlyMap<Channel, ClientChannelInfo> | undefined {
    return this.table.get(group);
  }

  /** Why a client cannot be a member of the group, too; undefined when it can. */
  refusalOf(channel: Channel, group: string): string | undefined {
    if (this.table.size >= MAX_PRODUCER_GROUPS && !this.table.has(group))
      return `the broker has ${this.table.size} producer groups; allowed: ${MAX_PRODUCER_GROUPS}`;
    return this.channelGroups.refusalOf(channel, group);
  }

  registerProducer(channel: Channel, clientId: string, group: string): void {
    let clients = this.table.get(group);
    if (clients === undefined) this.table.set(group, (clients = new Map()));
    this.channelGroups.add(channel, group);
    const known = clients.get(channel);
    if (known === undefined) this.channels.set(clientId, channel);
    clients.set(channel, { clientId: known?.clientId ?? clientId, lastUpdate: this.clock.monotonicNow() });
    this.timer ??= this.clock.setTimeout(() => this.scan(), SCAN_INTERVAL);
  }

  /** The connection of a client that has a producer. */
  findChannel(clientId: string): Channel | undefined {
    return this.channels.get(clientId);
  }

  unregisterProducer(channel: Channel, group: string): void {
    const clients = this.table.get(group);
    const info = clients?.get(channel);
    if (info === undefined) return;
    clients!.delete(channel);
    this.channelGroups.delete(channel, group);
    if (clients!.size === 0) this.table.delete(group);
    this.forgetChannel(info.clientId, channel);
  }

  onChannelClosed(channel: Channel): void {
    for (const group of this.channelGroups.of(channel)) this.unregisterProducer(channel, group);
  }

  stop(): void {
    this.clock.clearTimeout(this.timer);
  }

  /** All producers by group (ProducerTableInfo). */
  toTable(): ReadonlyMap<string, readonly ProducerInfo[]> {
    return new Map([...this.table].map(([group, clients]) => [group, this.producerInfos(clients)]));
  }

  private producerInfos(clients: ReadonlyMap<Channel, ClientChannelInfo>): ProducerInfo[] {
    return [...clients].map(([{ remoteHost, language, version }, { clientId, lastUpdate }]) => {
      const remoteIP = formatHostAddress(remoteHost);
      const lastUpdateTimestamp = epochMillisOf(this.clock, lastUpdate);
      return { clientId, remoteIP, language, version, lastUpdateTimestamp };
    });
  }

  private forgetChannel(clientId: string, channel: Channel): void {
    if (this.channels.get(clientId) !== channel) return;
    for (const group of this.channelGroups.of(channel))
      if (this.table.get(group)!.get(channel)!.clientId === clientId) return;
    this.channels.delete(clientId);
  }

  private scan(): void {
    const oldest = this.clock.monotonicNow() - this.channelExpiredTimeout;
    for (const [group, clients] of this.table) {
      for (const [channel, { lastUpdate }] of clients) {
        if (lastUpdate < oldest) this.unregisterProducer(channel, group);
      }
    }
    this.timer = this.table.size === 0 ? undefined : this.clock.setTimeout(() => this.scan(), SCAN_INTERVAL);
  }
}
