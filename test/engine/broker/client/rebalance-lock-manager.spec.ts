import { describe, expect, it } from 'vitest';
import { RebalanceLockManager } from '../../../../lib/engine/broker/client/rebalance-lock-manager.js';
import { VirtualClock } from '../../../support/virtual-clock.js';

const MINUTE = 60_000;
const queue = { topic: 't', brokerName: 'b', queueId: 0 };

describe('RebalanceLockManager', () => {
  it('lets a lock go a minute after it was renewed', async () => {
    const clock = new VirtualClock();
    const locks = new RebalanceLockManager(clock);
    expect(locks.tryLockBatch('g', [queue], 'c1')).toEqual([queue]);
    await clock.advance(MINUTE - 1);
    expect(locks.tryLockBatch('g', [queue], 'c1')).toEqual([queue]);
    await clock.advance(MINUTE);
    expect(locks.tryLockBatch('g', [queue], 'c2')).toEqual([]);
    expect(locks.hasLiveLock('g')).toBe(true);
    await clock.advance(1);
    expect(locks.hasLiveLock('g')).toBe(false);
    expect(locks.tryLockBatch('g', [queue], 'c2')).toEqual([queue]);
    expect(locks.tryLockBatch('g', [queue], 'c1')).toEqual([]);
  });

  it('knows which groups hold locks', () => {
    const locks = new RebalanceLockManager(new VirtualClock());
    locks.tryLockBatch('g', [queue], 'c1');
    expect(locks.hasLiveLock('g')).toBe(true);
    expect(locks.hasLiveLock('h')).toBe(false);
    locks.unlockBatch('g', [queue], 'c1');
    expect(locks.hasLiveLock('g')).toBe(false);
  });
});
