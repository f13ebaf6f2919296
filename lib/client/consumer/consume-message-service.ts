import type { MessageExt } from '../../common/message-ext.js';
import type { ProcessQueue } from './process-queue.js';

/** Brings pulled messages to the listener (ConsumeMessageService). */
export interface ConsumeMessageService {
  start(): void;
  /** New messages were put into the queue. */
  submit(messages: readonly MessageExt[], queue: ProcessQueue): void;
  /** Begins nothing more, and waits for what is running, at most `maxMillis`. */
  shutdown(maxMillis: number): Promise<void>;
}
