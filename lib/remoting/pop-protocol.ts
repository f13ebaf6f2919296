import type { BatchAckMessageRequestBody } from './body/batch-ack.js';
import type {
  QueryAssignmentRequestBody,
  QueryAssignmentResponseBody,
  SetMessageRequestModeRequestBody,
} from './body/query-assignment.js';
import type { Exchange } from './exchange.js';
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
  [RequestCode.ACK_MESSAGE]: Exchange<AckMessageRequestHeader, undefined, undefined, undefined>;
  [RequestCode.BATCH_ACK_MESSAGE]: Exchange<undefined, BatchAckMessageRequestBody, undefined, undefined>;
  [RequestCode.CHANGE_MESSAGE_INVISIBLETIME]: Exchange<
    ChangeInvisibleTimeRequestHeader,
    undefined,
    ChangeInvisibleTimeResponseHeader,
    undefined
  >;
  [RequestCode.NOTIFICATION]: Exchange<
    NotificationRequestHeader,
    undefined,
    NotificationResponseHeader,
    undefined
  >;
  [RequestCode.POLLING_INFO]: Exchange<
    PollingInfoRequestHeader,
    undefined,
    { readonly pollingNum: number },
    undefined
  >;
  [RequestCode.QUERY_ASSIGNMENT]: Exchange<
    undefined,
    QueryAssignmentRequestBody,
    undefined,
    QueryAssignmentResponseBody
  >;
  [RequestCode.SET_MESSAGE_REQUEST_MODE]: Exchange<
    undefined,
    SetMessageRequestModeRequestBody,
    undefined,
    undefined
  >;
}
