import type { MessageQueue } from '../../common/message-queue.js';
import { aFunction } from '../../common/option-rules.js';

/**
 * How far a consumer has come in its queues (OffsetStore). Offsets are noted with every message and persisted every few seconds, and at
 * the end of the consumer: a process that is killed gets some messages again. Topics are those of the brokers, with their namespace.
 * What a method throws is logged, or is the reason for which a start fails.
 *
 * @publicApi
 */
export interface OffsetStore {
  /** Reads what was persisted, where that is kept on this side. */
  load(): Promise<void>;
  /** Notes an offset; with `increaseOnly` a lower one than before is ignored. */
  updateOffset(mq: MessageQueue, offset: number, increaseOnly: boolean): void;
  /** The noted offset of a queue, or -1. */
  memoryOffset(mq: MessageQueue): number;
  /** The persisted offset of a queue, or -1 when there is none. */
  readOffset(mq: MessageQueue): Promise<number>;
  /** Persists the noted offsets of the queues, and forgets all others. */
  persistAll(queues: readonly MessageQueue[]): Promise<void>;
  persist(mq: MessageQueue): Promise<void>;
  /** Forgets the noted offset of a queue that another member has now, or that is taken up anew; what was persisted stays. */
  removeOffset(mq: MessageQueue): void;
}

/** Makes the store of a group, called as brokers call it. */
export type OffsetStoreFactory = (consumerGroup: string) => OffsetStore;

export const offsetStoreRule = aFunction<OffsetStoreFactory>('a function that returns an OffsetStore');
