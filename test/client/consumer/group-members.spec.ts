import { describe, expect, it } from 'vitest';
import { GroupMembers } from '../../../lib/client/consumer/group-members.js';

/** Stands for a connection: only whether it is the same one counts. */
const connection = () => ({}) as never;

describe('GroupMembers', () => {
  it('takes who is missing at a broker under a new address for one that may be on the way', () => {
    const group = new GroupMembers();
    group.update('b:1', { members: ['A'], connection: connection() }, []);
    group.update('b:1', { members: ['A', 'C'], connection: connection() }, ['A']);
    const second = connection();
    expect(group.update('b:2', { members: ['A'], connection: second }, ['A', 'C'])).toBe(false);
    expect(group.update('b:2', { members: ['A', 'C'], connection: second }, ['A'])).toBe(false);
    expect(group.update('b:2', { members: ['A'], connection: second }, ['A', 'C'])).toBe(true);
  });
});
