import type { MessageQueue } from '../../common/message-queue.js';

/** How safe a sent message is (SendStatus). All but the first: stored, but not yet as safe as was asked for. */
export type SendStatus = 'SEND_OK' | 'FLUSH_DISK_TIMEOUT' | 'FLUSH_SLAVE_TIMEOUT' | 'SLAVE_NOT_AVAILABLE';

/** A message was stored (SendResult). */
export interface SendResult {
  readonly sendStatus: SendStatus;
  /** Unique id; of a batch the ids of its messages, with commas between. */
  readonly msgId: string;
  /** Id that says where the message lies on which broker. */
  readonly offsetMsgId: string;
  readonly messageQueue: MessageQueue;
  /** Position in the queue, of a batch that of its first message; a safe integer. */
  readonly queueOffset: number;
  readonly transactionId: string | undefined;
  readonly regionId: string;
  readonly traceOn: boolean;
  /** Of a timed message that is not due yet: with it the message can be recalled. Brokers before 5.3.2 give none. */
  readonly recallHandle?: string | undefined;
}
