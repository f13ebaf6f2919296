import type { Exchange } from './exchange.js';
import type {
  CheckTransactionStateRequestHeader,
  EndTransactionRequestHeader,
} from './header/transaction-request-header.js';
import type { RequestCode } from './request-code.js';

/** What brokers and producers say of transactions: a part of `RemotingProtocol`. */
export interface TransactionProtocol {
  [RequestCode.END_TRANSACTION]: Exchange<EndTransactionRequestHeader, undefined, undefined, undefined>;
  /** From the broker to a producer; the body is one encoded message. */
  [RequestCode.CHECK_TRANSACTION_STATE]: Exchange<
    CheckTransactionStateRequestHeader,
    Buffer,
    undefined,
    undefined
  >;
  /** `msgId` is an offset message id. */
  [RequestCode.RESUME_CHECK_HALF_MESSAGE]: Exchange<
    { readonly topic?: string; readonly msgId?: string },
    undefined,
    undefined,
    undefined
  >;
}
