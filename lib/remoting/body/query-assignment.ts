import type { MessageModel } from './heartbeat-data.js';
import type { MessageQueue } from '../../common/message-queue.js';

/** How a consumer gets its messages (MessageRequestMode). */
export type MessageRequestMode = 'PULL' | 'POP';

/** Asks the broker which queues a consumer has (QueryAssignmentRequestBody). */
export interface QueryAssignmentRequestBody {
  readonly topic: string;
  readonly consumerGroup: string;
  readonly clientId: string;
  /** As in `AllocateMessageQueueStrategy.name`. */
  readonly strategyName: string;
  readonly messageModel: MessageModel;
}

/** A queue id of -1 stands for all queues of the broker (MessageQueueAssignment). */
export interface MessageQueueAssignment {
  readonly messageQueue: MessageQueue;
  readonly mode: MessageRequestMode;
}

export interface QueryAssignmentResponseBody {
  /** Undefined: the broker cannot say it now, and the consumer keeps what it has. */
  readonly messageQueueAssignments?: readonly MessageQueueAssignment[] | undefined;
}

/** Body of SET_MESSAGE_REQUEST_MODE, and how the broker keeps it. */
export interface SetMessageRequestModeRequestBody {
  readonly topic: string;
  readonly consumerGroup: string;
  readonly mode: MessageRequestMode;
  /** How many consumers behind a consumer in the list of the group share its queues; 0: all have all queues. */
  readonly popShareQueueNum: number;
}
