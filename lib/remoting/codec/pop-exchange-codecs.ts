import type { BatchAck, BatchAckMessageRequestBody } from '../body/batch-ack.js';
import type {
  MessageQueueAssignment,
  MessageRequestMode,
  QueryAssignmentRequestBody,
  QueryAssignmentResponseBody,
  SetMessageRequestModeRequestBody,
} from '../body/query-assignment.js';
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
} from '../header/pop-message-request-header.js';
import type { PopProtocol } from '../pop-protocol.js';
import { RequestCode } from '../request-code.js';
import { ResponseCode } from '../response-code.js';
import { bytesBody, jsonRequestBody, noBody } from './body-codec.js';
import { messageModel, messageQueue } from './body-types.js';
import type { ExchangeCodec } from './exchange-codecs.js';
import { lookUp, order, orderWith, query } from './exchange-shapes.js';
import { boolean, int, long, text } from './field-type.js';
import { headerCodec, noHeader, optional, required, withDefault } from './header-codec.js';
import {
  jsonBean,
  jsonBytes,
  jsonEnum,
  jsonInteger,
  jsonList,
  jsonMaybe,
  jsonOptional,
  jsonText,
  type JsonType,
} from './json-type.js';

/** The request was carried out, though perhaps there was no message. */
const POPPED: ReadonlySet<number> = new Set([
  ResponseCode.SUCCESS,
  ResponseCode.PULL_NOT_FOUND,
  ResponseCode.POLLING_FULL,
  ResponseCode.POLLING_TIMEOUT,
]);

const requestMode = jsonEnum<MessageRequestMode>(['PULL', 'POP'], 'PULL');

/** Its members travel under short names. */
interface ShortBatchAck {
  readonly c: string;
  readonly t: string;
  readonly r: string;
  readonly so: number;
  readonly q: number;
  readonly rq: number;
  readonly pt: number;
  readonly it: number;
  readonly b: Buffer;
}

const shortBatchAck = jsonBean<ShortBatchAck>({
  c: jsonText,
  t: jsonText,
  r: jsonText,
  so: jsonInteger,
  q: jsonInteger,
  rq: jsonInteger,
  pt: jsonInteger,
  it: jsonInteger,
  b: jsonBytes,
});

const batchAck: JsonType<BatchAck> = {
  read(value, path) {
    const { c, t, r, so, q, rq, pt, it, b } = shortBatchAck.read(value, path);
    return {
      consumerGroup: c,
      topic: t,
      retry: r,
      startOffset: so,
      queueId: q,
      reviveQueueId: rq,
      popTime: pt,
      invisibleTime: it,
      bitSet: b,
    };
  },
  write: (ack, isStandard) =>
    shortBatchAck.write(
      {
        c: ack.consumerGroup,
        t: ack.topic,
        r: ack.retry,
        so: ack.startOffset,
        q: ack.queueId,
        rq: ack.reviveQueueId,
        pt: ack.popTime,
        it: ack.invisibleTime,
        b: ack.bitSet,
      },
      isStandard,
    ),
};

const queueFields = { consumerGroup: required(text), topic: required(text), queueId: required(int) };
const ackFields = { ...queueFields, extraInfo: required(text), offset: required(long) };

const popAnswer = {
  responseHeader: headerCodec<PopMessageResponseHeader>({
    popTime: withDefault(long, 0),
    invisibleTime: withDefault(long, 0),
    reviveQid: withDefault(int, 0),
    restNum: withDefault(long, 0),
    startOffsetInfo: optional(text),
    msgOffsetInfo: optional(text),
    orderCountInfo: optional(text),
  }),
  responseBody: bytesBody,
  successCodes: POPPED,
};

/** How the requests of `PopProtocol` and their answers travel. */
export const POP_EXCHANGE_CODECS: { readonly [C in keyof PopProtocol]: ExchangeCodec<C> } = {
  [RequestCode.POP_MESSAGE]: {
    requestHeader: headerCodec<PopMessageRequestHeader>({
      ...queueFields,
      maxMsgNums: required(int),
      invisibleTime: required(long),
      pollTime: required(long),
      bornTime: withDefault(long, 0),
      initMode: required(int),
      expType: optional(text),
      exp: optional(text),
      order: withDefault(boolean, false),
      attemptId: optional(text),
    }),
    requestBody: noBody,
    ...popAnswer,
  },
  [RequestCode.PEEK_MESSAGE]: {
    requestHeader: headerCodec<PeekMessageRequestHeader>({ ...queueFields, maxMsgNums: required(int) }),
    requestBody: noBody,
    ...popAnswer,
  },
  [RequestCode.ACK_MESSAGE]: order(headerCodec<AckMessageRequestHeader>(ackFields)),
  [RequestCode.BATCH_ACK_MESSAGE]: orderWith(
    noHeader(),
    jsonRequestBody(jsonBean<BatchAckMessageRequestBody>({ brokerName: jsonText, acks: jsonList(batchAck) })),
  ),
  [RequestCode.CHANGE_MESSAGE_INVISIBLETIME]: lookUp(
    headerCodec<ChangeInvisibleTimeRequestHeader>({
      ...ackFields,
      invisibleTime: required(long),
    }),
    headerCodec<ChangeInvisibleTimeResponseHeader>({
      popTime: required(long),
      invisibleTime: required(long),
      reviveQid: required(int),
    }),
  ),
  [RequestCode.NOTIFICATION]: lookUp(
    headerCodec<NotificationRequestHeader>({
      ...queueFields,
      pollTime: required(long),
      bornTime: withDefault(long, 0),
      order: withDefault(boolean, false),
      attemptId: optional(text),
    }),
    headerCodec<NotificationResponseHeader>({
      hasMsg: required(boolean),
      pollingFull: withDefault(boolean, false),
    }),
  ),
  [RequestCode.POLLING_INFO]: lookUp(
    headerCodec<PollingInfoRequestHeader>(queueFields),
    headerCodec<{ readonly pollingNum: number }>({ pollingNum: required(int) }),
  ),
  [RequestCode.QUERY_ASSIGNMENT]: {
    ...query(
      noHeader(),
      jsonBean<QueryAssignmentResponseBody>({
        messageQueueAssignments: jsonMaybe(
          jsonList(
            jsonBean<MessageQueueAssignment>({ messageQueue, mode: requestMode }, { attachments: {} }),
          ),
        ),
      }),
    ),
    requestBody: jsonRequestBody(
      jsonBean<QueryAssignmentRequestBody>({
        topic: jsonText,
        consumerGroup: jsonText,
        clientId: jsonText,
        strategyName: jsonText,
        messageModel,
      }),
    ),
  },
  [RequestCode.SET_MESSAGE_REQUEST_MODE]: orderWith(
    noHeader(),
    jsonRequestBody(
      jsonBean<SetMessageRequestModeRequestBody>({
        topic: jsonText,
        consumerGroup: jsonText,
        mode: requestMode,
        popShareQueueNum: jsonOptional(jsonInteger, 0),
      }),
    ),
  ),
};
