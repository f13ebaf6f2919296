import { describe, expect, it } from 'vitest';
import { RebalanceLockManager } from '../../../../lib/engine/broker/client/rebalance-lock-manager.js';
import { RequestCode } from '../../../../lib/remoting/request-code.js';
import { TestClient } from '../../../support/test-client.js';
import { startEngine } from '../../../support/test-engine.js';
import { MINUTE, VirtualClock } from '../../../support/virtual-clock.js';

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

  it('forgets what nobody renews, and has no timer then', async () => {
    const clock = new VirtualClock();
    const locks = new RebalanceLockManager(clock);
    locks.tryLockBatch('empty', [], 'c1');
    expect(clock.hasTimers).toBe(false);
    locks.tryLockBatch('g', [queue], 'c1');
    clock.set(clock.now() - 60 * MINUTE);
    await clock.advance(3 * MINUTE);
    expect(clock.hasTimers).toBe(false);
  });

  it('are only for queues of the broker', async () => {
    const client = await TestClient.open(await startEngine());
    await client.send('t');
    const queues = [
      { topic: 't', brokerName: client.brokerName, queueId: 0 },
      { topic: 't', brokerName: client.brokerName, queueId: -1 },
      { topic: 't', brokerName: client.brokerName, queueId: 1_000_000 },
      { topic: 'none', brokerName: client.brokerName, queueId: 0 },
    ];
    const body = { consumerGroup: 'g', clientId: 'c1', mqSet: queues };
    const { body: locked } = await client.call(RequestCode.LOCK_BATCH_MQ, undefined, body);
    expect(locked!.lockOKMQSet).toEqual([queues[0]]);
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
