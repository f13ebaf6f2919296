import type { Message } from '../../common/message.js';
import type { MessageExt } from '../../common/message-ext.js';
import type { SendResult } from './send-result.js';

/** How a local transaction ended (LocalTransactionState, with its spelling); who does not know is asked again. */
export type LocalTransactionState = 'COMMIT_MESSAGE' | 'ROLLBACK_MESSAGE' | 'UNKNOW';

/** Carries out local transactions, and says later how they ended (TransactionListener). */
export interface TransactionListener {
  /** Called when the half message is stored; an error means `UNKNOW`. */
  executeLocalTransaction(
    message: Message,
    arg: unknown,
  ): LocalTransactionState | Promise<LocalTransactionState>;
  /** Called when the broker asks, in any process of the producer group; an error means `UNKNOW`. */
  checkLocalTransaction(message: MessageExt): LocalTransactionState | Promise<LocalTransactionState>;
}

/** A half message was stored, and its local transaction ended (TransactionSendResult). */
export interface TransactionSendResult extends SendResult {
  readonly localTransactionState: LocalTransactionState;
}
