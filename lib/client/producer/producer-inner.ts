import type { MessageExt } from '../../common/message-ext.js';
import type { CheckTransactionStateRequestHeader } from '../../remoting/header/transaction-request-header.js';

/** A producer, as its instance sees it (MQProducerInner). */
export interface ProducerInner {
  readonly group: string;
  onRouteChanged(topic: string): void;
  /** Only of producers that have transactions. */
  checkTransactionState?(
    address: string,
    message: MessageExt,
    header: CheckTransactionStateRequestHeader,
  ): void;
}
