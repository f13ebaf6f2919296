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

  it.each([-3_600_000, 3_600_000])('waits once more when the clock was set by %s ms', async (jump) => {
    const clock = new VirtualClock();
    const pending = new PendingCalls(clock);
    const failed: string[] = [];
    const add = (name: string, millis: number) => {
      const callback = { onResponse: () => {}, onError: () => void failed.push(name) };
      pending.add(new PendingCall(callback, clock.now() + millis, millis));
    };
    add('before', 3000);
    await clock.advance(2000);
    clock.set(clock.now() + jump);
    await clock.advance(1000);
    expect(failed).toEqual([]);
    add('after', 3000);
    add('short', 500);
    await clock.advance(500);
    expect(failed).toEqual(['short']);
    await clock.advance(2499);
    expect(failed).toEqual(['short']);
    await clock.advance(1);
    expect(failed.toSorted()).toEqual(['after', 'before', 'short']);
    expect(clock.hasTimers).toBe(false);
  });

  it('whose callback throws takes the time of no other away', async () => {
    const clock = new VirtualClock();
    const pending = new PendingCalls(clock);
    const failed: string[] = [];
    const add = (name: string, onError = () => void failed.push(name)) =>
      pending.add(new PendingCall({ onResponse: () => {}, onError }, clock.now() + 1000, 1000));
    add('throwing', () => {
      throw new Error('thrown by a callback');
    });
    add('beside it');
    await expect(clock.advance(1000)).rejects.toThrow('thrown by a callback');
    add('after it');
    await clock.advance(0);
    expect(failed).toEqual(['beside it']);
    await clock.advance(1000);
    expect(failed).toEqual(['beside it', 'after it']);
  });

  it('gets its answer when the process was busy until after its time, and fails a moment later without one', async () => {
    const clock = new VirtualClock();
    const pending = new PendingCalls(clock);
    const ends: string[] = [];
    const add = (name: string) => {
      const callback = {
        onResponse: () => void ends.push(`${name} answered`),
        onError: () => void ends.push(`${name} failed`),
      };
      const call = new PendingCall(callback, clock.now() + 1000, 1000);
      pending.add(call);
      return call;
    };
    const answered = add('first');
    add('second');
    clock.pass(1011);
    await clock.advance(0);
    expect(ends).toEqual([]);
    answered.reply(undefined as never);
    await clock.advance(100);
    expect(ends).toEqual(['first answered', 'second failed']);
    expect(clock.hasTimers).toBe(false);
  });

  it('is not looked at again with all others within 20 ms, whatever their times are', async () => {
    const clock = new VirtualClock();
    const pending = new PendingCalls(clock);
    const failedAt: number[] = [];
    const start = clock.now();
    for (let millis = 1000; millis < 1060; millis++) {
      const onError = () => void failedAt.push(clock.now() - start);
      pending.add(new PendingCall({ onResponse: () => {}, onError }, start + millis, millis));
    }
    await clock.advance(1100);
    expect(failedAt).toHaveLength(60);
    expect([...new Set(failedAt)]).toEqual([1000, 1020, 1040, 1060]);
  });
});
