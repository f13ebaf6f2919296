import type { Order } from './exchange.js';
import type {
  CheckTransactionStateRequestHeader,
  EndTransactionRequestHeader,
} from './header/transaction-request-header.js';
import type { RequestCode } from './request-code.js';

/** What brokers and producers say of transactions: a part of `RemotingProtocol`. */
export interface TransactionProtocol {
  [RequestCode.END_TRANSACTION]: Order<EndTransactionRequestHeader>;
  /** From the broker to a producer; the body is one encoded message. */
  [RequestCode.CHECK_TRANSACTION_STATE]: Order<CheckTransactionStateRequestHeader, Buffer>;
  /** `msgId` is an offset message id. */
  [RequestCode.RESUME_CHECK_HALF_MESSAGE]: Order<{ readonly topic?: string; readonly msgId?: string }>;
}
