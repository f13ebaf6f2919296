import type { Clock, Timer } from '../../../common/clock.js';
import { messageQueueKey, type MessageQueue } from '../../../common/message-queue.js';

/** Milliseconds that a lock lasts without being renewed (`rocketmq.broker.rebalance.lockMaxLiveTime`). */
const REBALANCE_LOCK_MAX_LIVE_TIME = 60_000;

interface Lock {
  readonly clientId: string;
  /** In the time of `Clock.monotonicNow`. */
  readonly renewedAt: number;
}

/** Which client of a group consumes which queue in order (RebalanceLockManager). */
export class RebalanceLockManager {
  private readonly table = new Map<string, Map<string, Lock>>();
  private timer: Timer | undefined;

  constructor(private readonly clock: Clock) {}

  /** Locks what is free, expired or the client's own; returns the queues that it now owns. */
  tryLockBatch(group: string, queues: readonly MessageQueue[], clientId: string): MessageQueue[] {
    if (queues.length === 0) return [];
    let locks = this.table.get(group);
    if (locks === undefined) this.table.set(group, (locks = new Map()));
    this.timer ??= this.scanLater();
    return queues.filter((queue) => {
      const key = messageQueueKey(queue);
      const lock = locks.get(key);
      if (lock !== undefined && lock.clientId !== clientId && !this.isExpired(lock)) return false;
      locks.set(key, { clientId, renewedAt: this.clock.monotonicNow() });
      return true;
    });
  }

  /** Frees the client's own locks among the queues. */
  unlockBatch(group: string, queues: readonly MessageQueue[], clientId: string): void {
    const locks = this.table.get(group);
    for (const queue of queues) {
      const key = messageQueueKey(queue);
      if (locks?.get(key)?.clientId === clientId) locks.delete(key);
    }
    if (locks?.size === 0) this.table.delete(group);
  }

  /** Whether a member of the group consumes in order at the moment (RebalanceLockManager#isLockAllExpired). */
  hasLiveLock(group: string): boolean {
    const locks = this.table.get(group);
    return locks !== undefined && [...locks.values()].some((lock) => !this.isExpired(lock));
  }

  stop(): void {
    this.clock.clearTimeout(this.timer);
  }

  private scanLater(): Timer {
    return this.clock.setTimeout(() => this.scan(), REBALANCE_LOCK_MAX_LIVE_TIME);
  }

  /** Forgets what nobody renews. */
  private scan(): void {
    for (const [group, locks] of this.table) {
      for (const [key, lock] of locks) if (this.isExpired(lock)) locks.delete(key);
      if (locks.size === 0) this.table.delete(group);
    }
    this.timer = this.table.size === 0 ? undefined : this.scanLater();
  }

  private isExpired(lock: Lock): boolean {
    return this.clock.monotonicNow() - lock.renewedAt > REBALANCE_LOCK_MAX_LIVE_TIME;
  }
}
