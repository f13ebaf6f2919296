import type { BatchAckMessageRequestBody } from './body/batch-ack.js';
import type {
  QueryAssignmentRequestBody,
  QueryAssignmentResponseBody,
  SetMessageRequestModeRequestBody,
} from './body/query-assignment.js';
import type { Exchange, LookUp, Order } from './exchange.js';
import type {
  AckMessageRequestHeader,
  ChangeInvisibleTimeRequestHeader,
  ChangeInvisibleTimeResponseHeader,
  NotificationRequestHeader,
  NotificationResponseHeader,
  PeekMessageRequestHeader,
  PollingInfoRequestHeader,
  PopMessageRequestHeader,
  PopMessageResponseHeader,
} from './header/pop-message-request-header.js';
import type { RequestCode } from './request-code.js';

/** Consumption that the broker shares out, message by message: a part of `RemotingProtocol`. */
export interface PopProtocol {
  /** The body of the answer: records, one behind the other. */
  [RequestCode.POP_MESSAGE]: Exchange<PopMessageRequestHeader, undefined, PopMessageResponseHeader, Buffer>;
  [RequestCode.PEEK_MESSAGE]: Exchange<PeekMessageRequestHeader, undefined, PopMessageResponseHeader, Buffer>;
  [RequestCode.ACK_MESSAGE]: Order<AckMessageRequestHeader>;
  [RequestCode.BATCH_ACK_MESSAGE]: Order<undefined, BatchAckMessageRequestBody>;
  [RequestCode.CHANGE_MESSAGE_INVISIBLETIME]: LookUp<
    ChangeInvisibleTimeRequestHeader,
    ChangeInvisibleTimeResponseHeader
  >;
  [RequestCode.NOTIFICATION]: LookUp<NotificationRequestHeader, NotificationResponseHeader>;
  [RequestCode.POLLING_INFO]: LookUp<PollingInfoRequestHeader, { readonly pollingNum: number }>;
  [RequestCode.QUERY_ASSIGNMENT]: Exchange<
    undefined,
    QueryAssignmentRequestBody,
    undefined,
    QueryAssignmentResponseBody
  >;
  [RequestCode.SET_MESSAGE_REQUEST_MODE]: Order<undefined, SetMessageRequestModeRequestBody>;
}
