import { POP_ORDER_REVIVE_QUEUE, type ExtraInfo } from '../../../common/extra-info.js';
import type { ChangeInvisibleTimeRequestHeader } from '../../../remoting/header/pop-message-request-header.js';
import {
  failure,
  success,
  type RemotingRequest,
  type RemotingResponse,
} from '../../../remoting/remoting-command.js';
import type { RequestCode } from '../../../remoting/request-code.js';
import { ResponseCode } from '../../../remoting/response-code.js';
import type { BrokerController } from '../broker-controller.js';
import type { AckMsg, PopCheckPoint } from '../pop/pop-check-point.js';
import type { PopService } from '../pop/pop-service.js';
import { extraInfoOf, refuseMessage } from './pop-checks.js';
import { refuseInvisibleTime } from './pop-message-processor.js';

type ChangeCode = typeof RequestCode.CHANGE_MESSAGE_INVISIBLETIME;

/** Sets anew when a popped message comes back (ChangeInvisibleTimeProcessor): it gets a check point of its own. */
export class ChangeInvisibleTimeProcessor {
  constructor(
    private readonly broker: BrokerController,
    private readonly pops: PopService,
  ) {}

  async process({ header }: RemotingRequest<ChangeCode>): Promise<RemotingResponse<ChangeCode>> {
    const { timerMaxDelaySec } = this.broker.storeConfig;
    const fault =
      refuseMessage(this.broker, header, false) ??
      refuseInvisibleTime(header.invisibleTime, timerMaxDelaySec);
    if (fault !== undefined) return fault;
    const info = extraInfoOf(header.extraInfo);
    if ('code' in info) return info;
    return info.reviveQid === POP_ORDER_REVIVE_QUEUE
      ? this.changeOrderly(header, info)
      : this.change(header, info);
  }

  private async change(
    header: ChangeInvisibleTimeRequestHeader,
    info: ExtraInfo,
  ): Promise<RemotingResponse<ChangeCode>> {
    // With the time of the original check point the new one would have its key, and be acknowledged with it.
    const popTime = Math.max(this.broker.clock.now(), info.popTime + 1);
    const { invisibleTime } = header;
    const { brokerName, reviveQid } = info;
    const point = checkPointOf(header, popTime, brokerName);
    if (!(await this.pops.reviveTopic.putCheckPoint(point, reviveQid))) return this.notStored();
    this.pops.inflight.add(point);
    const ack = ackOf(header, info);
    const reviveTime = info.popTime + info.invisibleTime;
    if (!(await this.pops.reviveTopic.putAck(ack, false, reviveTime, reviveQid))) return this.notStored();
    this.pops.inflight.acknowledge(ack);
    return success({ popTime, invisibleTime, reviveQid }, undefined);
  }

  private async changeOrderly(
    header: ChangeInvisibleTimeRequestHeader,
    info: ExtraInfo,
  ): Promise<RemotingResponse<ChangeCode>> {
    const { popTime, reviveQid } = info;
    const nextVisibleTime = this.broker.clock.now() + header.invisibleTime;
    await this.pops.orderly.changeInvisibleTime(ackOf(header, info), nextVisibleTime);
    return success({ popTime, invisibleTime: nextVisibleTime - popTime, reviveQid }, undefined);
  }

  private notStored(): RemotingResponse<never> {
    const reason = this.broker.store.writeRefusal ?? 'the log says why';
    return failure(ResponseCode.SYSTEM_ERROR, `the new check point cannot be stored: ${reason}`);
  }
}

function checkPointOf(
  { topic, consumerGroup, queueId, offset, invisibleTime }: ChangeInvisibleTimeRequestHeader,
  popTime: number,
  brokerName: string,
): PopCheckPoint {
  const queue = { topic, consumerGroup, queueId };
  return { ...queue, startOffset: offset, offsetDiffs: [0], bitMap: 0, popTime, invisibleTime, brokerName };
}

function ackOf(header: ChangeInvisibleTimeRequestHeader, info: ExtraInfo): AckMsg {
  const { topic, consumerGroup, queueId, offset } = header;
  const { ckQueueOffset: startOffset, popTime, brokerName } = info;
  return { topic, consumerGroup, queueId, startOffset, popTime, brokerName, ackOffsets: [offset] };
}
