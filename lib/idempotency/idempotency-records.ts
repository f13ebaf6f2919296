import type { MessageExt } from '../common/message-ext.js';
import type { RocketMQIdempotencyAnswer } from '../interfaces/idempotency.interface.js';

/** What a record says, as its tag: somebody takes the key, has handled its message, or gives it back. */
export type RecordKind = 'CLAIM' | 'DONE' | 'RELEASE';

/** Property with the `msgId` of the claim that ends. */
export const CLAIM_ID = 'CLAIM_ID';

/** Of a key, in milliseconds. */
export interface IdempotencyTimes {
  readonly ttl: number;
  readonly lease: number;
}

/** That a key is free, done, or somebody's, at a time. */
export type KeyState = Exclude<RocketMQIdempotencyAnswer, { state: 'NEW' }> | { readonly state: 'FREE' };

/**
 * What the records of one key mean. They are in the order of their queue, and everybody reads them in the same way: of two claims the first is
 * valid, and the second knows it. All times are those of the broker.
 */
export class IdempotencyRecords {
  private holder: MessageExt | undefined;
  private done: MessageExt | undefined;

  constructor(
    records: readonly MessageExt[],
    private readonly times: IdempotencyTimes,
  ) {
    for (const record of records.toSorted(byOrder)) this.take(record);
  }

  isHeldBy(claimId: string): boolean {
    return this.holder?.msgId === claimId;
  }

  at(now: number): KeyState {
    if (this.isDone(now)) return { state: 'DONE' };
    const forMillis = this.leaseLeft(now);
    return forMillis > 0 ? { state: 'IN_PROGRESS', forMillis } : { state: 'FREE' };
  }

  private take(record: MessageExt): void {
    const { storeTimestamp } = record;
    switch (record.tags as RecordKind) {
      case 'CLAIM':
        if (this.at(storeTimestamp).state === 'FREE') this.holder = record;
        return;
      case 'DONE':
        this.done = record;
        this.holder = undefined;
        return;
      case 'RELEASE':
        if (this.isHeldBy(record.getProperty(CLAIM_ID) ?? '')) this.holder = undefined;
    }
  }

  private isDone(now: number): boolean {
    return this.done !== undefined && now < this.done.storeTimestamp + this.times.ttl;
  }

  private leaseLeft(now: number): number {
    return this.holder === undefined ? 0 : this.holder.storeTimestamp + this.times.lease - now;
  }
}

/** Records of a key are in one queue, unless the topic got or lost queues. */
function byOrder(a: MessageExt, b: MessageExt): number {
  if (a.brokerName === b.brokerName) return a.commitLogOffset - b.commitLogOffset;
  return a.storeTimestamp - b.storeTimestamp;
}
