import { nextTurn } from '../../../common/clock.js';
import { failure, type RemotingResponse } from '../../../remoting/remoting-command.js';
import { ResponseCode } from '../../../remoting/response-code.js';
import type { BrokerController } from '../broker-controller.js';
import type { AckMsg } from './pop-check-point.js';
import type { PopService } from './pop-service.js';
import { lockKeyOf } from './queue-locks.js';

/** What consumers say of messages that they popped in order, which have no check point (AckMessageProcessor#ackOrderly). */
export class PopOrderly {
  constructor(
    private readonly broker: BrokerController,
    private readonly pops: PopService,
  ) {}

  /** The refusal, if one of the messages is none that was popped. */
  async acknowledge(ack: AckMsg): Promise<RemotingResponse<never> | undefined> {
    await this.unlocked(ack);
    const refusals = ack.ackOffsets.map((offset) => this.acknowledgeOne(ack, offset));
    return refusals.find((refusal) => refusal !== undefined);
  }

  /** When the message is free again, in milliseconds since the epoch; the answer to a message that is consumed already is the same. */
  async changeInvisibleTime(ack: AckMsg, nextVisibleTime: number): Promise<void> {
    await this.unlocked(ack);
    const { topic, consumerGroup, queueId, popTime, ackOffsets } = ack;
    const offset = ackOffsets[0]!;
    if (offset < this.consumed(ack)) return;
    const { orders } = this.pops;
    orders.updateNextVisibleTime(topic, consumerGroup, queueId, offset, popTime, nextVisibleTime);
  }

  private acknowledgeOne(ack: AckMsg, offset: number): RemotingResponse<never> | undefined {
    const { topic, consumerGroup, queueId, popTime } = ack;
    const consumed = this.consumed(ack);
    if (offset < consumed) return undefined;
    const known = this.pops.orders.commitAndNext(topic, consumerGroup, queueId, offset, popTime);
    // After a crash that took the portion along, those before this one may be open: Apache's broker skips them.
    const next = known ?? (offset === consumed ? offset + 1 : -2);
    if (next === -1) {
      const key = lockKeyOf(topic, consumerGroup, queueId);
      const remark = `offset is illegal, key:${key}, old:${consumed}, commit:${offset}, next:${next}`;
      return failure(ResponseCode.MESSAGE_ILLEGAL, remark);
    }
    if (next < 0) return undefined;
    this.broker.offsets.commitOffset(consumerGroup, topic, queueId, next);
    if (!this.pops.orders.checkBlock(undefined, topic, consumerGroup, queueId))
      this.pops.notify(topic, consumerGroup, queueId);
    return undefined;
  }

  private consumed({ topic, consumerGroup, queueId }: AckMsg): number {
    return this.broker.offsets.queryOffset(consumerGroup, topic, queueId) ?? -1;
  }

  /** A pop of the queue that is under way replaces what is known of the last one. */
  private async unlocked({ topic, consumerGroup, queueId }: AckMsg): Promise<void> {
    const key = lockKeyOf(topic, consumerGroup, queueId);
    while (this.pops.locks.isLocked(key)) await nextTurn(this.broker.clock);
  }
}
