import { POP_ORDER_REVIVE_QUEUE, popTopicOf, type PopRetryFlag } from '../../../common/extra-info.js';
import type { BatchAck, BatchAckMessageRequestBody } from '../../../remoting/body/batch-ack.js';
import {
  failure,
  success,
  type RemotingRequest,
  type RemotingResponse,
} from '../../../remoting/remoting-command.js';
import type { RequestCode } from '../../../remoting/request-code.js';
import { ResponseCode } from '../../../remoting/response-code.js';
import { isStored } from '../../store/put-message-status.js';
import type { BrokerController } from '../broker-controller.js';
import { ackOf, MAX_CHECK_POINT_NUM, type AckMsg } from '../pop/pop-check-point.js';
import type { PopService } from '../pop/pop-service.js';
import { topicNotExist } from '../topic/topic-not-exist.js';
import { extraInfoOf, isReviveQid, refuseMessage } from '../pop/pop-checks.js';

type AckCode = typeof RequestCode.ACK_MESSAGE;
type BatchAckCode = typeof RequestCode.BATCH_ACK_MESSAGE;
type Refusal = RemotingResponse<never>;

/** Most acknowledgements of one request, and bytes of the bits of one of them. */
const MAX_ACKS = 1024;
const MAX_BIT_SET = 4096;

/** What is acknowledged of one portion. */
interface AckOfPortion {
  readonly ack: AckMsg;
  readonly invisibleTime: number;
  readonly reviveQid: number;
}

/** Takes note of messages that were consumed, so that they do not come back (AckMessageProcessor). */
export class AckMessageProcessor {
  constructor(
    private readonly broker: BrokerController,
    private readonly pops: PopService,
  ) {}

  async ack({ header }: RemotingRequest<AckCode>): Promise<RemotingResponse<AckCode>> {
    const fault = refuseMessage(this.broker, header, true);
    if (fault !== undefined) return fault;
    const info = extraInfoOf(this.broker, header.extraInfo);
    if ('code' in info) return info;
    const { invisibleTime, reviveQid } = info;
    const refused = await this.acknowledge({ ack: ackOf(header, info), invisibleTime, reviveQid }, false);
    return refused ?? success(undefined, undefined);
  }

  async batchAck({ body }: RemotingRequest<BatchAckCode>): Promise<RemotingResponse<BatchAckCode>> {
    if (body.acks.length === 0) return failure(ResponseCode.NO_MESSAGE, 'the request names no message');
    const fault = this.refuseBatch(body);
    if (fault !== undefined) return fault;
    const portions = body.acks.map((ack) => this.portionOf(ack, body.brokerName));
    const refusals = await Promise.all(portions.map((portion) => this.acknowledge(portion, true)));
    return refusals.find((refusal) => refusal !== undefined) ?? success(undefined, undefined);
  }

  private refuseBatch({ acks }: BatchAckMessageRequestBody): Refusal | undefined {
    if (acks.length > MAX_ACKS) {
      const remark = `the request has ${acks.length} acknowledgements, allowed are ${MAX_ACKS}`;
      return failure(ResponseCode.MESSAGE_ILLEGAL, remark);
    }
    if (acks.some(({ bitSet }) => bitSet.length > MAX_BIT_SET)) {
      const remark = `an acknowledgement is for more than ${MAX_BIT_SET * 8} offsets`;
      return failure(ResponseCode.MESSAGE_ILLEGAL, remark);
    }
    const wrong = acks.find(
      ({ retry, reviveQueueId }) => !/^[012]$/.test(retry) || !isReviveQid(this.broker, reviveQueueId),
    );
    if (wrong === undefined) return undefined;
    const remark = `an acknowledgement has retry flag ${JSON.stringify(wrong.retry.slice(0, 20))} and revive queue ${wrong.reviveQueueId}, which this broker gives to none`;
    return failure(ResponseCode.SYSTEM_ERROR, remark);
  }

  private portionOf(batch: BatchAck, brokerName: string): AckOfPortion {
    const { consumerGroup, queueId, startOffset, popTime, invisibleTime, reviveQueueId: reviveQid } = batch;
    const topic = popTopicOf(batch.retry as PopRetryFlag, batch.topic, consumerGroup);
    const min = this.broker.store.getMinOffsetInQueue(topic, queueId);
    const max = this.broker.store.getMaxOffsetInQueue(topic, queueId);
    const ackOffsets = bitsOf(batch.bitSet)
      .map((bit) => startOffset + bit)
      .filter((offset) => offset >= min && offset <= max);
    const ack = { consumerGroup, topic, queueId, startOffset, popTime, brokerName, ackOffsets };
    return { ack, invisibleTime, reviveQid };
  }

  private async acknowledge(portion: AckOfPortion, isBatch: boolean): Promise<Refusal | undefined> {
    const { ack, invisibleTime, reviveQid } = portion;
    if (this.broker.topics.selectTopicConfig(ack.topic) === undefined) return topicNotExist(ack.topic);
    if (ack.ackOffsets.length === 0) return undefined;
    if (reviveQid === POP_ORDER_REVIVE_QUEUE) return this.pops.orderly.acknowledge(ack);
    const reviveTime = ack.popTime + invisibleTime;
    const { reviveTopic, inflight } = this.pops;
    const status = await reviveTopic.putAck(ack, isBatch, reviveTime, reviveQid);
    if (isStored(status)) inflight.acknowledge(ack);
    return status === 'PUT_OK' ? undefined : reviveTopic.refusal('the acknowledgement', status);
  }
}

/** Bits that are set, those of messages of one portion. */
function bitsOf(bitSet: Buffer): number[] {
  const bits: number[] = [];
  for (const [position, byte] of bitSet.entries()) {
    for (let bit = 0; byte >> bit > 0; bit++) if ((byte & (1 << bit)) !== 0) bits.push(position * 8 + bit);
    if (bits.length >= MAX_CHECK_POINT_NUM) break;
  }
  return bits.slice(0, MAX_CHECK_POINT_NUM);
}
