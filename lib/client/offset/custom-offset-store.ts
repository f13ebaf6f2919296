import type { Logger } from '../../common/logger.js';
import type { MessageQueue } from '../../common/message-queue.js';
import type { OffsetStore } from './offset-store.js';

/** A store of the application. What it throws between two messages would end the loop of the consumer, or the process. */
export class CustomOffsetStore implements OffsetStore {
  constructor(
    private readonly store: OffsetStore,
    private readonly consumerGroup: string,
    private readonly logger: Logger,
  ) {}

  load(): Promise<void> {
    return this.store.load();
  }

  updateOffset(mq: MessageQueue, offset: number, increaseOnly: boolean): void {
    try {
      this.store.updateOffset(mq, offset, increaseOnly);
    } catch (error) {
      this.log('updateOffset', error);
    }
  }

  memoryOffset(mq: MessageQueue): number {
    try {
      return this.store.memoryOffset(mq);
    } catch (error) {
      this.log('memoryOffset', error);
      return -1;
    }
  }

  readOffset(mq: MessageQueue): Promise<number> {
    return this.store.readOffset(mq);
  }

  persistAll(queues: readonly MessageQueue[]): Promise<void> {
    return this.store.persistAll(queues);
  }

  persist(mq: MessageQueue): Promise<void> {
    return this.store.persist(mq);
  }

  removeOffset(mq: MessageQueue): void {
    try {
      this.store.removeOffset(mq);
    } catch (error) {
      this.log('removeOffset', error);
    }
  }

  private log(method: keyof OffsetStore, error: unknown): void {
    this.logger.error(`${method} of the offsetStore of group ${this.consumerGroup} failed: ${String(error)}`);
  }
}
