import type { Channel } from '../../../remoting/channel.js';

/** Most groups of one connection. */
export const MAX_GROUPS_PER_CHANNEL = 1000;

const NO_GROUPS: ReadonlySet<string> = new Set();

/** The groups of each connection, so that its end needs no look through those of all others. */
export class ChannelGroups {
  private readonly table = new Map<Channel, Set<string>>();

  of(channel: Channel): ReadonlySet<string> {
    return this.table.get(channel) ?? NO_GROUPS;
  }

  /** Why the connection cannot have the group, too; undefined when it can. */
  refusalOf(channel: Channel, group: string): string | undefined {
    const groups = this.of(channel);
    if (groups.size < MAX_GROUPS_PER_CHANNEL || groups.has(group)) return undefined;
    return `its connection has ${groups.size} groups; allowed: ${MAX_GROUPS_PER_CHANNEL}`;
  }

  add(channel: Channel, group: string): void {
    const groups = this.table.get(channel);
    if (groups === undefined) this.table.set(channel, new Set([group]));
    else groups.add(group);
  }

  delete(channel: Channel, group: string): void {
    const groups = this.table.get(channel);
    groups?.delete(group);
    if (groups?.size === 0) this.table.delete(channel);
  }
}
