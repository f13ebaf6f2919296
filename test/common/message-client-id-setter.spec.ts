import { describe, expect, it } from 'vitest';
import { localIp, MessageClientIdSetter } from '../../lib/common/message-client-id-setter.js';
import { VirtualClock } from '../support/virtual-clock.js';

const monthStart = new Date(2026, 0, 1).getTime();

function timeOf(id: string): number {
  return parseInt(id.slice(20, 28), 16);
}

describe('MessageClientIdSetter', () => {
  it('begins with address and process, as MessageClientIDSetter does', () => {
    const id = new MessageClientIdSetter(new VirtualClock(), () => 0.5).createUniqId();
    const address = localIp()
      .split('.')
      .map((byte) => Number(byte).toString(16).padStart(2, '0'))
      .join('');
    expect(id).toMatch(/^[0-9A-F]{32}$/);
    expect(id.slice(0, 8)).toBe(address.toUpperCase());
    expect(parseInt(id.slice(8, 12), 16)).toBe(process.pid & 0xffff);
  });

  it('holds the milliseconds since the start of the month, and starts again with the next', () => {
    const clock = new VirtualClock(monthStart + 1234);
    const ids = new MessageClientIdSetter(clock, () => 0);
    expect(timeOf(ids.createUniqId())).toBe(1234);
    clock.set(new Date(2026, 1, 1).getTime() + 7);
    expect(timeOf(ids.createUniqId())).toBe(7);
  });

  it('goes on when the clock is set back to the month before', () => {
    const clock = new VirtualClock(monthStart + 5);
    const ids = new MessageClientIdSetter(clock, () => 0);
    ids.createUniqId();
    clock.set(new Date(2025, 11, 31, 23).getTime());
    expect(timeOf(ids.createUniqId())).toBe(30 * 86_400_000 + 23 * 3_600_000);
  });

  it('gives 65,536 different ids within one millisecond', () => {
    const ids = new MessageClientIdSetter(new VirtualClock(), () => 0.999);
    expect(new Set(Array.from({ length: 65_536 }, () => ids.createUniqId())).size).toBe(65_536);
  });

  it.each([
    ['a month later', [new Date(2026, 1, 1).getTime() + 1234]],
    ['after the clock was set back', [monthStart + 1000, monthStart + 1234]],
  ])('gives no id again %s, though milliseconds and counter come again', (_, times) => {
    const clock = new VirtualClock(monthStart + 1234);
    let drawn = 0;
    const ids = new MessageClientIdSetter(clock, () => drawn++ / 8);
    const round = () => Array.from({ length: 65_536 }, () => ids.createUniqId());
    const before = round();
    for (const time of times) {
      clock.set(time);
      ids.createUniqId();
    }
    expect(new Set([...before, ...round()]).size).toBe(2 * 65_536);
  });

  it('tells two clients of one process apart', () => {
    const clock = new VirtualClock();
    const random = [0, 0, 0.1, 0.2];
    const next = () => random.shift()!;
    const a = new MessageClientIdSetter(clock, next);
    const b = new MessageClientIdSetter(clock, next);
    expect(a.createUniqId()).not.toBe(b.createUniqId());
  });
});
