import type { RequestContext } from '../../../remoting/channel.js';
import type { NotificationRequestHeader } from '../../../remoting/header/pop-message-request-header.js';
import { success, type RemotingRequest } from '../../../remoting/remoting-command.js';
import type { RequestCode } from '../../../remoting/request-code.js';
import type { BrokerController } from '../broker-controller.js';
import { expiryOf, type HeldPop } from '../longpolling/pop-long-polling-service.js';
import { popQueues, type PopQueue } from '../pop/pop-queues.js';
import type { PopService } from '../pop/pop-service.js';
import { refuseConsumer } from '../pop/pop-checks.js';

type NotificationCode = typeof RequestCode.NOTIFICATION;

/** Tells a consumer when there is something to pop (NotificationProcessor). */
export class NotificationProcessor {
  constructor(
    private readonly broker: BrokerController,
    private readonly pops: PopService,
  ) {}

  process({ header }: RemotingRequest<NotificationCode>, context: RequestContext<NotificationCode>): void {
    const { topic, consumerGroup, queueId } = header;
    const held: HeldPop = {
      topic,
      consumerGroup,
      queueId: Math.max(queueId, -1),
      expiresAt: expiryOf(header, this.broker.clock),
      get isAbandoned() {
        return context.channel.isClosed;
      },
      wants: () => true,
      wakeUp: () => this.answer(header, held, context),
    };
    held.wakeUp();
  }

  private answer(
    header: NotificationRequestHeader,
    held: HeldPop,
    context: RequestContext<NotificationCode>,
  ): void {
    const fault = refuseConsumer(this.broker, header);
    if (fault !== undefined) return context.reply(fault);
    const hasMsg = popQueues(this.broker, header, false).some((queue) => this.hasMsg(header, queue));
    const result = hasMsg ? 'ENDED' : this.pops.notifications.polling(held);
    if (result !== 'HELD') context.reply(success({ hasMsg, pollingFull: result === 'FULL' }, undefined));
  }

  private hasMsg(
    { consumerGroup, order, attemptId }: NotificationRequestHeader,
    { topic, queueId }: PopQueue,
  ): boolean {
    if (order && this.pops.orders.checkBlock(attemptId, topic, consumerGroup, queueId)) return false;
    const offset = this.pops.offsets.offsetOf(topic, consumerGroup, queueId);
    return this.broker.store.getMaxOffsetInQueue(topic, queueId) > offset;
  }
}
