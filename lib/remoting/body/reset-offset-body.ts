import type { MessageQueue } from '../../common/message-queue.js';

/** The offsets at which a group goes on (ResetOffsetBody). */
export interface ResetOffsetBody {
  readonly offsetTable: ReadonlyMap<MessageQueue, number>;
}

/** The offsets of one client, or of all clients of a group by their ids (GetConsumerStatusBody). */
export interface GetConsumerStatusBody {
  readonly messageQueueTable: ReadonlyMap<MessageQueue, number>;
  readonly consumerTable: ReadonlyMap<string, ReadonlyMap<MessageQueue, number>>;
}
