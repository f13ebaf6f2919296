/**
 * Something that stands in a {@link Ring} for a while; outside it is its own neighbour. A `Set` would do, but for the collector of
 * garbage: the tables that it outgrows keep what was in them, which is then collected slowly. An interface, as V8 takes 15 to 20 ns
 * for each class that a class extends.
 */
export interface RingMember {
  previous: RingMember;
  next: RingMember;
}

/** Takes a member out of its ring, if it is in one. */
export function leaveRing(member: RingMember): void {
  const { previous, next } = member;
  previous.next = next;
  next.previous = previous;
  // One that has become old would keep all that came after it.
  member.previous = member.next = member;
}

/** Where a ring begins and ends. */
class RingEnd implements RingMember {
  previous: RingMember = this;
  next: RingMember = this;
}

/** Members in the order in which they came; each leaves by itself. */
export class Ring<M extends RingMember> {
  private readonly end: RingMember = new RingEnd();

  add(member: M): void {
    const { end } = this;
    member.next = end;
    member.previous = end.previous;
    end.previous.next = member;
    end.previous = member;
  }

  get first(): M | undefined {
    return this.end.next === this.end ? undefined : (this.end.next as M);
  }

  /** All of them now: who is told of them may let others join and leave. */
  members(): M[] {
    const members: M[] = [];
    for (let member = this.end.next; member !== this.end; member = member.next) members.push(member as M);
    return members;
  }
}
