import { describe, expect, it } from 'vitest';
import { PendingCall, PendingCalls } from '../../../lib/remoting/transport/pending-calls.js';
import { VirtualClock } from '../../support/virtual-clock.js';

describe('a pending call', () => {
  it('lets go of the others when it has ended, so that an old one keeps no younger ones in memory', () => {
    const pending = new PendingCalls(new VirtualClock());
    const ended: number[] = [];
    const calls = [0, 1, 2].map((number) => {
      const callback = { onResponse: () => void ended.push(number), onError: () => {} };
      return new PendingCall(callback, 1000, 1000);
    });
    for (const call of calls) pending.add(call);
    calls[1]!.reply(undefined as never);
    expect([calls[1]!.previous, calls[1]!.next]).toEqual([calls[1], calls[1]]);
    expect(calls[0]!.next).toBe(calls[2]);
    for (const call of calls) call.reply(undefined as never);
    expect(ended).toEqual([1, 0, 2]);
  });
});
