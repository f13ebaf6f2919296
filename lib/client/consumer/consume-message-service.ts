import type { MessageExt } from '../../common/message-ext.js';
import type { ProcessQueue } from './process-queue.js';

/** Brings pulled messages to the listener (ConsumeMessageService). */
export interface ConsumeMessageService {
  start(): void;
  /** New messages were put into the queue. */
  submit(messages: readonly MessageExt[], queue: ProcessQueue): void;
  /** Begins nothing more; what is running goes on. */
  stop(): void;
  /** Waits for what is running, at most `maxMillis`; returns whether all ended. */
  shutdown(maxMillis: number): Promise<boolean>;
}
