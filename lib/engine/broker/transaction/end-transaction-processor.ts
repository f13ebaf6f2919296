import { decodeMessage } from '../../../common/message-decoder.js';
import { MessageConst } from '../../../common/message-const.js';
import type { MessageExt } from '../../../common/message-ext.js';
import { MessageSysFlag } from '../../../common/message-sys-flag.js';
import { TopicNames } from '../../../common/topic-validator.js';
import type { RequestContext } from '../../../remoting/channel.js';
import type { EndTransactionRequestHeader } from '../../../remoting/header/transaction-request-header.js';
import type { Request } from '../../../remoting/named-request.js';
import { failure, success, type RemotingResponse } from '../../../remoting/remoting-command.js';
import type { RequestCode } from '../../../remoting/request-code.js';
import { ResponseCode } from '../../../remoting/response-code.js';
import type { BrokerController } from '../broker-controller.js';
import { divertDelayed } from '../processor/delay-diversion.js';
import { refusal, STORED_CODES } from '../processor/put-message-response.js';
import { destinationOf } from '../message-copy.js';
import { immunityOf, originOf, toCommitted } from './half-message.js';
import type { TransactionalMessageService } from './transactional-message-service.js';

type EndContext = RequestContext<typeof RequestCode.END_TRANSACTION>;

const DONE = success<typeof RequestCode.END_TRANSACTION>(undefined, undefined);

/** Commits and rolls back (EndTransactionProcessor). */
export class EndTransactionProcessor {
  constructor(
    private readonly broker: BrokerController,
    private readonly transactions: TransactionalMessageService,
  ) {}

  process({ header }: Request<'END_TRANSACTION'>, context: EndContext): void {
    const isCommit = header.commitOrRollback === MessageSysFlag.TRANSACTION_COMMIT_TYPE;
    const isRollback = header.commitOrRollback === MessageSysFlag.TRANSACTION_ROLLBACK_TYPE;
    // Who does not know yet is asked later. Apache's broker leaves this unanswered.
    if (!isCommit && !isRollback) return context.reply(DONE);
    const half = this.findHalf(header);
    if ('code' in half) return context.reply(half);
    if (isCommit) return this.commit(half, context);
    this.transactions.halves.end(half.queueOffset);
    context.reply(DONE);
  }

  private findHalf(header: EndTransactionRequestHeader): MessageExt | RemotingResponse<never> {
    const record = this.broker.store.lookMessageByOffset(header.commitLogOffset);
    const half = record && decodeMessage(record);
    if (half?.topic !== TopicNames.TRANS_HALF) return illegal('Find prepared transaction message failed');
    if (!header.fromTransactionCheck && this.isTooLate(half)) {
      const remark = 'the transaction took longer than its CHECK_IMMUNITY_TIME_IN_SECONDS: a check ends it';
      return failure(ResponseCode.ILLEGAL_OPERATION, remark);
    }
    if (half.getProperty(MessageConst.PRODUCER_GROUP) !== header.producerGroup)
      return illegal('The producer group wrong');
    if (half.queueOffset !== header.tranStateTableOffset)
      return illegal('The transaction state table offset wrong');
    return half;
  }

  private isTooLate(half: MessageExt): boolean {
    const { clock, config } = this.broker;
    const immunity = immunityOf(half, config.transactionTimeOut);
    return immunity !== undefined && clock.now() - half.bornTimestamp > immunity;
  }

  /** A message is stored once, however often its transaction is committed. */
  private commit(half: MessageExt, context: EndContext): void {
    const { committing, halves } = this.transactions;
    const origin = originOf(half);
    if (committing.has(origin)) return context.reply(DONE);
    if (this.transactions.isCommitted(half)) {
      halves.end(half.queueOffset);
      return context.reply(DONE);
    }
    const destination = destinationOf(half, this.broker);
    if (destination === undefined) return context.reply(illegal('The message has no real topic and queue'));
    const message = divertDelayed(toCommitted(half, destination), this.broker.delayLevels.length);
    const { broker } = this;
    committing.add(origin);
    broker.store.putMessage(message, {
      onPut(status, records, first) {
        committing.delete(origin);
        const code = STORED_CODES[status];
        if (code === undefined) return context.reply(refusal(broker, status));
        // Only now: until the message is safe, its producer can be asked again.
        halves.end(half.queueOffset);
        broker.stats.onPut(destination.topic, 1, records[first]!.msgSize);
        context.reply(DONE);
      },
    });
  }
}

function illegal(remark: string): RemotingResponse<never> {
  return failure(ResponseCode.SYSTEM_ERROR, remark);
}
