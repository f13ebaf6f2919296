import { failure, type RemotingRequest, type RemotingResponse } from '../../../remoting/remoting-command.js';
import type { RequestCode } from '../../../remoting/request-code.js';
import { ResponseCode } from '../../../remoting/response-code.js';
import type { GetMessageResult } from '../../store/get-message-result.js';
import type { BrokerController } from '../broker-controller.js';
import { popQueues, type PopQueue } from '../pop/pop-queues.js';
import type { PopService } from '../pop/pop-service.js';
import { getMessage } from '../store-promises.js';
import { MAX_MSG_NUMS, refuseConsumer } from '../pop/pop-checks.js';

type PeekCode = typeof RequestCode.PEEK_MESSAGE;

/** Shows what a pop would give, as it is stored, and gives it to nobody (PeekMessageProcessor). */
export class PeekMessageProcessor {
  constructor(
    private readonly broker: BrokerController,
    private readonly pops: PopService,
  ) {}

  async process({ header }: RemotingRequest<PeekCode>): Promise<RemotingResponse<PeekCode>> {
    const fault = refuseConsumer(this.broker, header);
    if (fault !== undefined) return fault;
    if (header.maxMsgNums < 1 || header.maxMsgNums > MAX_MSG_NUMS) {
      const remark = `maxMsgNums is ${header.maxMsgNums}; allowed: 1 to ${MAX_MSG_NUMS}`;
      return failure(ResponseCode.INVALID_PARAMETER, remark);
    }
    const messages: Buffer[] = [];
    let count = 0;
    let size = 0;
    let restNum = 0;
    for (const queue of popQueues(this.broker, header, false)) {
      const offset = this.pops.offsets.offsetOf(queue.topic, header.consumerGroup, queue.queueId);
      restNum += Math.max(this.broker.store.getMaxOffsetInQueue(queue.topic, queue.queueId) - offset, 0);
      const wanted = header.maxMsgNums - count;
      if (wanted <= 0 || size >= this.broker.storeConfig.maxTransferBytesOnMessageInMemory) continue;
      const result = await this.read(queue, offset, wanted);
      messages.push(result.messages);
      count += result.messageCount;
      size += result.messages.length;
    }
    return this.answer(messages, count, restNum);
  }

  private answer(messages: readonly Buffer[], count: number, restNum: number): RemotingResponse<PeekCode> {
    return {
      code: count > 0 ? ResponseCode.SUCCESS : ResponseCode.PULL_NOT_FOUND,
      remark: count > 0 ? 'FOUND' : 'NO_MESSAGE_IN_QUEUE',
      header: { popTime: 0, invisibleTime: 0, reviveQid: 0, restNum },
      body: Buffer.concat(messages),
    };
  }

  private async read({ topic, queueId }: PopQueue, offset: number, count: number): Promise<GetMessageResult> {
    const { store } = this.broker;
    const result = await getMessage(store, topic, queueId, offset, count);
    const isMoved = result.status === 'OFFSET_TOO_SMALL' || result.status === 'OFFSET_OVERFLOW_BADLY';
    return isMoved ? getMessage(store, topic, queueId, result.nextBeginOffset, count) : result;
  }
}
