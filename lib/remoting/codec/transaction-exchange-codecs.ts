import type {
  CheckTransactionStateRequestHeader,
  EndTransactionRequestHeader,
} from '../header/transaction-request-header.js';
import type { RequestHeader } from '../remoting-protocol.js';
import { RequestCode } from '../request-code.js';
import type { TransactionProtocol } from '../transaction-protocol.js';
import { bytesBody } from './body-codec.js';
import type { ExchangeCodec } from './exchange-codecs.js';
import { order, orderWith } from './exchange-shapes.js';
import { boolean, int, long, text } from './field-type.js';
import { headerCodec, optional, required, withDefault } from './header-codec.js';

/** How the requests of `TransactionProtocol` and their answers travel. */
export const TRANSACTION_EXCHANGE_CODECS: {
  readonly [C in keyof TransactionProtocol]: ExchangeCodec<C>;
} = {
  [RequestCode.END_TRANSACTION]: order(
    headerCodec<EndTransactionRequestHeader>({
      topic: optional(text),
      producerGroup: required(text),
      tranStateTableOffset: required(long),
      commitLogOffset: required(long),
      commitOrRollback: required(int),
      fromTransactionCheck: withDefault(boolean, false),
      msgId: required(text),
      transactionId: optional(text),
      brokerName: optional(text, 'bname'),
    }),
  ),
  [RequestCode.CHECK_TRANSACTION_STATE]: orderWith(
    headerCodec<CheckTransactionStateRequestHeader>({
      topic: optional(text),
      tranStateTableOffset: required(long),
      commitLogOffset: required(long),
      msgId: optional(text),
      transactionId: optional(text),
      offsetMsgId: optional(text),
      brokerName: optional(text, 'bname'),
    }),
    bytesBody,
  ),
  [RequestCode.RESUME_CHECK_HALF_MESSAGE]: order(
    headerCodec<RequestHeader<typeof RequestCode.RESUME_CHECK_HALF_MESSAGE>>({
      topic: optional(text),
      msgId: optional(text),
    }),
  ),
};
