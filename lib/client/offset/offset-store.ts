import type { MessageQueue } from '../../common/message-queue.js';

/** How far a consumer has come in its queues (OffsetStore). */
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
  removeOffset(mq: MessageQueue): void;
}
