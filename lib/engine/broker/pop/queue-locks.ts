/** Which queues a group is popping from at the moment (PopMessageProcessor.QueueLockManager). */
export class QueueLocks {
  private readonly locked = new Set<string>();

  tryLock(key: string): boolean {
    if (this.locked.has(key)) return false;
    this.locked.add(key);
    return true;
  }

  unlock(key: string): void {
    this.locked.delete(key);
  }

  isLocked(key: string): boolean {
    return this.locked.has(key);
  }
}

export const lockKeyOf = (topic: string, group: string, queueId: number): string =>
  `${topic}@${group}@${queueId}`;
