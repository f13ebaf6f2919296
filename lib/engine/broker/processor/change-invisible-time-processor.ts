import { POP_ORDER_REVIVE_QUEUE, type ExtraInfo } from '../../../common/extra-info.js';
import type { ChangeInvisibleTimeRequestHeader } from '../../../remoting/header/pop-message-request-header.js';
import { success, type RemotingRequest, type RemotingResponse } from '../../../remoting/remoting-command.js';
import type { RequestCode } from '../../../remoting/request-code.js';
import { isStored } from '../../store/put-message-status.js';
import type { BrokerController } from '../broker-controller.js';
import { ackOf, isAhead, type PopCheckPoint } from '../pop/pop-check-point.js';
import type { PopService } from '../pop/pop-service.js';
import { extraInfoOf, refuseInvisibleTime, refuseMessage } from '../pop/pop-checks.js';

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
    const info = extraInfoOf(this.broker, header.extraInfo);
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
    const now = this.broker.clock.now();
    const popTime = isAhead(info.popTime, now) ? now : Math.max(now, info.popTime + 1);
    const { invisibleTime } = header;
    const { brokerName, reviveQid } = info;
    const point = checkPointOf(header, popTime, brokerName);
    const { reviveTopic, inflight } = this.pops;
    const pointStatus = await reviveTopic.putCheckPoint(point, reviveQid);
    if (!isStored(pointStatus)) return reviveTopic.refusal('the new check point', pointStatus);
    inflight.add(point);
    const ack = ackOf(header, info);
    const reviveTime = info.popTime + info.invisibleTime;
    // Behind the check point in the log: when it is on the disk, both are.
    const status = await reviveTopic.putAck(ack, false, reviveTime, reviveQid);
    if (isStored(status)) inflight.acknowledge(ack);
    if (status !== 'PUT_OK') return reviveTopic.refusal('the new check point', status);
    return success({ popTime, invisibleTime, reviveQid }, undefined);
  }

  private async changeOrderly(
    header: ChangeInvisibleTimeRequestHeader,
    info: ExtraInfo,
  ): Promise<RemotingResponse<ChangeCode>> {
    const { popTime, reviveQid } = info;
    const nextVisibleTime = this.broker.clock.now() + header.invisibleTime;
    await this.pops.orderly.changeInvisibleTime(ackOf(header, info), nextVisibleTime);
    // A pop of a clock that was ahead is later than that.
    const invisibleTime = Math.max(0, nextVisibleTime - popTime);
    return success({ popTime, invisibleTime, reviveQid }, undefined);
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
