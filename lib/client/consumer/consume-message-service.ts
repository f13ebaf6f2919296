import type { MessageExt } from '../../common/message-ext.js';
import type { ConsumeMessageDirectlyResult } from '../../remoting/body/consume-message-directly-result.js';
import type { ProcessQueue } from './process-queue.js';

/** Brings pulled messages to the listener (ConsumeMessageService). */
export interface ConsumeMessageService {
  start(): void;
  /** New messages were put into the queue. */
  submit(messages: readonly MessageExt[], queue: ProcessQueue): void;
  /** Calls the listener with a message that no queue has, for an administrator. */
  consumeMessageDirectly(message: MessageExt): Promise<ConsumeMessageDirectlyResult>;
  /** Changes how many calls of the listener may be under way at once; those that are go on. */
  setConcurrency(limit: number): void;
  /** While it is paused no call begins; messages are kept. */
  setPaused(isPaused: boolean): void;
  /** Begins nothing more; what is running goes on. */
  stop(): void;
  /** Waits for what is running, at most `maxMillis`; returns whether all ended. */
  shutdown(maxMillis: number): Promise<boolean>;
}
