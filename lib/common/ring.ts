/**
 * Something that stands in a {@link Ring} for a while. A `Set` would do, but for the collector of garbage: the tables that it
 * outgrows keep what was in them, which is then collected slowly.
 */
export class RingMember {
  previous: RingMember = this;
  next: RingMember = this;

  leave(): void {
    const { previous, next } = this;
    previous.next = next;
    next.previous = previous;
    // One that has become old would keep all that came after it.
    this.previous = this.next = this;
  }
}

/** Members in the order in which they came; each leaves by itself. */
export class Ring<M extends RingMember> {
  /** Where the ring begins and ends. */
  private readonly end = new RingMember();

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
