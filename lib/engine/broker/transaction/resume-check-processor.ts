import { decodeMessage } from '../../../common/message-decoder.js';
import type { MessageExt } from '../../../common/message-ext.js';
import { TopicNames } from '../../../common/topic-validator.js';
import type { Request, Response } from '../../../remoting/named-request.js';
import { failure, success } from '../../../remoting/remoting-command.js';
import { ResponseCode } from '../../../remoting/response-code.js';
import type { BrokerController } from '../broker-controller.js';
import { lookMessageById } from '../look-message.js';
import { putMessage } from '../store-promises.js';
import { toRenewed } from './half-message.js';
import type { TransactionalMessageService } from './transactional-message-service.js';

/** Lets an administrator have a transaction checked from the beginning (AdminBrokerProcessor#resumeCheckHalfMessage). */
export class ResumeCheckProcessor {
  constructor(
    private readonly broker: BrokerController,
    private readonly transactions: TransactionalMessageService,
  ) {}

  async resume({
    header,
  }: Request<'RESUME_CHECK_HALF_MESSAGE'>): Promise<Response<'RESUME_CHECK_HALF_MESSAGE'>> {
    const { msgId = '' } = header;
    const message = this.lookUp(msgId);
    if (message === undefined) {
      const remark = `no message of a transaction has the offset message id ${JSON.stringify(msgId)}`;
      return failure(ResponseCode.SYSTEM_ERROR, remark);
    }
    if (this.transactions.isCommitted(message)) {
      const remark = `the transaction of the offset message id ${JSON.stringify(msgId)} is committed`;
      return failure(ResponseCode.SYSTEM_ERROR, remark);
    }
    const { halves } = this.transactions;
    // What was given up, or rolled back, is open again.
    const isOpen =
      message.topic === TopicNames.TRANS_HALF && !halves.hasEnded(halves.newestOf(message.queueOffset));
    const { status, record } = await putMessage(this.broker.store, toRenewed(message, 0));
    if (status !== 'PUT_OK') {
      const remark = `Put message back to ${TopicNames.TRANS_HALF} failed: ${status}`;
      return failure(ResponseCode.SYSTEM_ERROR, remark);
    }
    if (isOpen) halves.move(halves.newestOf(message.queueOffset), record!.consumeQueueOffset);
    return success(undefined, undefined);
  }

  private lookUp(msgId: string): MessageExt | undefined {
    const record = lookMessageById(this.broker.store, msgId);
    const message = record && decodeMessage(record);
    const isHalf =
      message?.topic === TopicNames.TRANS_HALF || message?.topic === TopicNames.TRANS_CHECK_MAX_TIME;
    return isHalf ? message : undefined;
  }
}
