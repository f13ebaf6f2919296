import { describe, expect, it } from 'vitest';
import { leaveRing, Ring, type RingMember } from '../../lib/common/ring.js';

class Named implements RingMember {
  previous: RingMember = this;
  next: RingMember = this;

  constructor(readonly name: string) {}
}

function ringOf(...names: string[]) {
  const ring = new Ring<Named>();
  const members = names.map((name) => new Named(name));
  for (const member of members) ring.add(member);
  return { ring, members, names: () => ring.members().map(({ name }) => name) };
}

describe('Ring', () => {
  it('has its members in the order in which they came', () => {
    const { ring, members, names } = ringOf('a', 'b', 'c');
    expect(names()).toEqual(['a', 'b', 'c']);
    expect(ring.first).toBe(members[0]);
    leaveRing(members[0]!);
    ring.add(members[0]!);
    expect(names()).toEqual(['b', 'c', 'a']);
  });

  it('lets each leave by itself, more than once, and lets go of it', () => {
    const { ring, members, names } = ringOf('a', 'b', 'c');
    const [a, b, c] = members as [Named, Named, Named];
    leaveRing(b);
    leaveRing(b);
    expect(names()).toEqual(['a', 'c']);
    expect([b.previous, b.next]).toEqual([b, b]);
    leaveRing(a);
    leaveRing(c);
    expect(names()).toEqual([]);
    expect(ring.first).toBeUndefined();
  });

  it('gives a list that stays as it is while members leave', () => {
    const { ring, members } = ringOf('a', 'b');
    const all = ring.members();
    for (const member of members) leaveRing(member);
    expect(all).toEqual(members);
    expect(ring.members()).toEqual([]);
  });
});
