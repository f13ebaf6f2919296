import { LimitedLogger } from '../../../common/limited-logger.js';
import { MessageConst } from '../../../common/message-const.js';
import { reviveTopicOf } from '../../../common/mix-all.js';
import { failure, type RemotingResponse } from '../../../remoting/remoting-command.js';
import { ResponseCode } from '../../../remoting/response-code.js';
import type { PutMessageStatus } from '../../store/put-message-status.js';
import type { BrokerController } from '../broker-controller.js';
import { ownMessage } from '../own-message.js';
import { putMessage } from '../store-promises.js';
import { divertTimed, isMessage } from '../timer/timer-diversion.js';
import {
  encodeAck,
  encodeCheckPoint,
  isAhead,
  reviveTimeOf,
  type AckMsg,
  type PopCheckPoint,
} from './pop-check-point.js';

export const CK_TAG = 'ck';
export const ACK_TAG = 'ack';
export const BATCH_ACK_TAG = 'bAck';
/** A check point comes so many ms before it is due, and so before what acknowledges it (PopAckConstants). */
const ACK_TIME_INTERVAL = 1000;

/** Writes check points and acknowledgements; they get into the revive topic by the timers, when the check point is due. */
export class ReviveTopic {
  readonly name: string;
  private readonly limited: LimitedLogger;

  constructor(private readonly broker: BrokerController) {
    this.name = reviveTopicOf(broker.config.brokerClusterName);
    this.limited = new LimitedLogger(broker.logger, broker.clock);
  }

  putCheckPoint(point: PopCheckPoint, reviveQid: number): Promise<PutMessageStatus> {
    const { topic, consumerGroup, queueId, startOffset, popTime, brokerName } = point;
    const id = [topic, queueId, startOffset, consumerGroup, popTime, brokerName, CK_TAG].join('@');
    const deliverMs = reviveTimeOf(point) - ACK_TIME_INTERVAL;
    return this.put(reviveQid, CK_TAG, encodeCheckPoint(point), deliverMs, id);
  }

  /** `reviveTime`: when the check point is due. */
  putAck(ack: AckMsg, isBatch: boolean, reviveTime: number, reviveQid: number): Promise<PutMessageStatus> {
    const { topic, consumerGroup, queueId, popTime, brokerName } = ack;
    const offset = isBatch ? -1 : ack.ackOffsets[0]!;
    const id = [topic, queueId, offset, consumerGroup, popTime, brokerName, ACK_TAG].join('@');
    const tag = isBatch ? BATCH_ACK_TAG : ACK_TAG;
    const now = this.broker.clock.now();
    // Its check point comes as soon as it is noticed that the clock was set back.
    const deliverMs = isAhead(popTime, now) ? now + ACK_TIME_INTERVAL : reviveTime;
    return this.put(reviveQid, tag, encodeAck(ack, isBatch), deliverMs, id);
  }

  /** What a client is told whose record is not stored as safely as `flushDiskType` asks. */
  refusal(what: string, status: PutMessageStatus): RemotingResponse<never> {
    const reason = this.broker.store.writeRefusal ?? status;
    return failure(ResponseCode.SYSTEM_ERROR, `${what} cannot be stored: ${reason}`);
  }

  private async put(
    queueId: number,
    tag: string,
    body: string,
    deliverMs: number,
    id: string,
  ): Promise<PutMessageStatus> {
    const { store, storeConfig, clock } = this.broker;
    const properties = propertiesOf(tag, deliverMs, id);
    const message = ownMessage(this.broker, this.name, queueId, Buffer.from(body), properties);
    const diverted = divertTimed(message, storeConfig, clock);
    if (!isMessage(diverted)) {
      this.limited.error(`Pop record ${id} cannot be stored: ${diverted.remark}`);
      return 'MESSAGE_ILLEGAL';
    }
    return (await putMessage(store, diverted)).status;
  }
}

function propertiesOf(tag: string, deliverMs: number, id: string): Map<string, string> {
  return new Map([
    [MessageConst.TAGS, tag],
    [MessageConst.TIMER_DELIVER_MS, `${deliverMs}`],
    [MessageConst.UNIQ_CLIENT_MESSAGE_ID_KEYIDX, id],
  ]);
}
