import type { MessageQueue } from '../../common/message-queue.js';

/** Of LOCK_BATCH_MQ and UNLOCK_BATCH_MQ (LockBatchRequestBody, UnlockBatchRequestBody). */
export interface LockBatchRequestBody {
  readonly consumerGroup: string;
  readonly clientId: string;
  readonly mqSet: readonly MessageQueue[];
}

/** The queues that now belong to the client (LockBatchResponseBody). */
export interface LockBatchResponseBody {
  readonly lockOKMQSet: readonly MessageQueue[];
}
