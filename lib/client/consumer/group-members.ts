import type { ConnectionStatus } from '../connection-table.js';

/** Whom a broker names as the members of a group. */
export interface MemberList {
  readonly members: readonly string[];
  /** Another object after every change of the connection over which it came. */
  readonly connection: ConnectionStatus | undefined;
}

/** Who was in a group before one of its members, as far as that one can tell. */
export class GroupMembers {
  /** By address of a broker its last list. */
  private readonly lists = new Map<string, MemberList>();
  /** With this member itself. */
  private elders: Set<string> | undefined;

  /**
   * Takes in a list; `known` are the members that any broker named last. True when this member came last of all that there are,
   * and the subscription of another may be in place of its own: that of one that has left, or, after this one was
   * without connection itself and taken for gone, that of one which renewed its own.
   */
  update(address: string, list: MemberList, known: readonly string[]): boolean {
    // Under an address that is new a broker may have been started again.
    const connection = this.lists.size === 0 ? list.connection : undefined;
    const before = this.lists.get(address) ?? { members: known, connection };
    this.lists.set(address, list);
    const elders = (this.elders ??= new Set(list.members));
    const gone = missing(before.members, list.members);
    const isReconnected = before.connection !== list.connection;
    // Whoever is missing after a broker was restarted may be on the way, and be newer.
    if (isReconnected === gone.length > 0) return false;
    for (const member of gone) if (!isOfOneProcess(member)) elders.delete(member);
    return list.members.every((member) => elders.has(member));
  }
}

function missing(before: readonly string[], now: readonly string[]): string[] {
  const present = new Set(now);
  return before.filter((member) => !present.has(member));
}

/** Under an id that a client made itself (`ip@pid#nanoseconds`) nobody newer comes. */
function isOfOneProcess(clientId: string): boolean {
  return clientId.includes('#');
}
