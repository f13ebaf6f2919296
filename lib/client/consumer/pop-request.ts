import type { MessageExt } from '../../common/message-ext.js';
import type { RocketMQError } from '../../errors/rocketmq.error.js';
import type { SubscriptionData } from '../../remoting/body/subscription-data.js';
import { ConsumeInitMode } from '../../remoting/header/pop-message-request-header.js';
import type { RemotingResponse } from '../../remoting/remoting-command.js';
import { RequestCode } from '../../remoting/request-code.js';
import { ClientErrorCode, ResponseCode } from '../../remoting/response-code.js';
import type { ResponseCallback } from '../../remoting/transport/transport.js';
import type { ConsumeMessagePopConcurrentlyService } from './consume-message-pop-concurrently-service.js';
import type { ConsumerContext } from './consumer-context.js';
import type { PopProcessQueue } from './pop-process-queue.js';
import { extraInfoOf, completePopped } from './pop-response.js';
import { delayWhenRefused, isWantedBy, UNKNOWN_SUBSCRIPTION, type PullOwner } from './pull-request.js';

type PopCode = typeof RequestCode.POP_MESSAGE;

/** Milliseconds that a broker may hold a pop, and after which the client gives it up. */
const BROKER_SUSPEND_MAX_TIME = 15_000;
const CONSUMER_TIMEOUT = 25_000;
/**
 * As the time of a pop: when it arrives, by the clock of the broker (PopMessageProcessor#processRequest). Java's client names its own, and is
 * told that there is nothing, without a look, when it is 15.5 s behind.
 */
const BORN_ON_ARRIVAL = 0;
/** Pauses in milliseconds. */
const DELAY_WHEN_EXCEPTION = 1000;
const DELAY_WHEN_SUSPENDED = 1000;
const DELAY_WHEN_NOT_HELD = 100;

/** What a pop loop needs of its consumer. */
export type PopOwner = Pick<PullOwner, 'isSuspended' | 'subscriptionOf'>;

/** The pop loop of one assignment (PopRequest, and DefaultMQPushConsumerImpl#popMessage): one pop at a time. */
export class PopRequest implements ResponseCallback<PopCode> {
  constructor(
    private readonly context: ConsumerContext,
    private readonly owner: PopOwner,
    private readonly consumeService: Pick<ConsumeMessagePopConcurrentlyService, 'submit' | 'pass'>,
    private readonly queue: PopProcessQueue,
  ) {}

  /** Pops, after `delay` milliseconds, as long as the assignment is this consumer's. */
  popLater(delay: number): void {
    const { clock } = this.context;
    if (this.queue.dropped) return;
    if (delay > 0) this.queue.popTimer = clock.setTimeout(() => this.pop(), delay);
    else clock.setImmediate(() => this.pop());
  }

  onResponse(response: RemotingResponse<PopCode>): void {
    switch (response.code) {
      case ResponseCode.SUCCESS:
        return this.onFound(response);
      case ResponseCode.PULL_NOT_FOUND:
      case ResponseCode.POLLING_TIMEOUT:
        return this.onNothing();
      case ResponseCode.POLLING_FULL:
        return this.popLater(DELAY_WHEN_EXCEPTION);
      default:
        return this.onRefused(response);
    }
  }

  onError(error: RocketMQError): void {
    if (this.queue.dropped) return;
    // The connection has reported it once, for all queues.
    if (error.responseCode !== ClientErrorCode.CONNECT_BROKER)
      this.context.logger.warn(`Popping from ${this.describeQueue()} failed: ${error.message}`);
    this.context.instance.refreshRoute(this.queue.mq.topic);
    this.popLater(DELAY_WHEN_EXCEPTION);
  }

  private pop(): void {
    const { context, queue, owner } = this;
    if (queue.dropped) return;
    queue.lastPopAt = context.clock.monotonicNow();
    if (this.isFlowControlled()) return this.popWhenDrained();
    if (owner.isSuspended) return this.popLater(DELAY_WHEN_SUSPENDED);
    const subscription = owner.subscriptionOf(queue.mq.topic);
    const address = context.instance.findBrokerAddressInPublish(queue.mq.brokerName);
    if (subscription === undefined || address === undefined) {
      context.instance.refreshRoute(queue.mq.topic);
      return this.popLater(DELAY_WHEN_EXCEPTION);
    }
    const request = { code: RequestCode.POP_MESSAGE, header: this.header(subscription), body: undefined };
    context.instance.transport.invoke<PopCode>(address, request, CONSUMER_TIMEOUT, this);
  }

  private isFlowControlled(): boolean {
    return this.queue.waitAckCount > this.context.withinRate(this.context.config.popThresholdForQueue);
  }

  /** Java's client looks again every 50 ms, in which a fast listener has long been idle. */
  private popWhenDrained(): void {
    const { queue } = this;
    // However long the listener takes, this loop is not stuck.
    queue.lastPopAt = Infinity;
    queue.onRemoved = () => {
      if (this.isFlowControlled()) return;
      queue.onRemoved = undefined;
      this.popLater(0);
    };
  }

  private header({ expressionType, subString }: SubscriptionData) {
    const { consumerGroup, popBatchNums, popInvisibleTime, consumeFromWhere } = this.context.config;
    const { topic, queueId } = this.queue.mq;
    return {
      consumerGroup,
      topic,
      queueId,
      maxMsgNums: this.context.withinRate(popBatchNums),
      invisibleTime: popInvisibleTime,
      pollTime: BROKER_SUSPEND_MAX_TIME,
      bornTime: BORN_ON_ARRIVAL,
      initMode: consumeFromWhere === 'CONSUME_FROM_FIRST_OFFSET' ? ConsumeInitMode.MIN : ConsumeInitMode.MAX,
      expType: expressionType,
      exp: subString,
      order: false,
    };
  }

  /** What was popped is this consumer's, even when the assignment was taken away meanwhile. */
  private onFound({ header, body }: RemotingResponse<PopCode>): void {
    const { context, queue, owner } = this;
    let damaged = 0;
    const popped = context.instance.decode(body!, () => damaged++);
    if (damaged > 0)
      context.logger.error(`Damaged records from ${this.describeQueue()} are passed over: ${damaged}`);
    completePopped(header!, popped, queue.mq);
    const messages = this.identified(popped);
    const subscription = owner.subscriptionOf(queue.mq.topic);
    const wanted = messages.filter((message) => isWantedBy(subscription, message));
    context.stats.onPulled(queue.mq.topic, wanted.length, queue.lastPopAt);
    if (wanted.length < messages.length) {
      const others = new Set(wanted);
      this.consumeService.pass(
        messages.filter((message) => !others.has(message)),
        queue,
      );
    }
    this.consumeService.submit(wanted, queue);
    this.popLater(context.config.pullInterval);
  }

  /** Those that can be acknowledged. */
  private identified(messages: readonly MessageExt[]): MessageExt[] {
    return messages.filter((message) => {
      if (extraInfoOf(message) !== undefined) return true;
      this.context.logger.error(
        `Message ${message.msgId} from ${this.describeQueue()} has a POP_CK that is none, and is not consumed`,
      );
      return false;
    });
  }

  /** A broker that does not wait for messages would be asked again and again, as Java's client does. */
  private onNothing(): void {
    const isHeld = this.context.clock.monotonicNow() - this.queue.lastPopAt >= DELAY_WHEN_NOT_HELD;
    this.popLater(isHeld ? 0 : DELAY_WHEN_NOT_HELD);
  }

  private onRefused(response: RemotingResponse<PopCode>): void {
    if (this.queue.dropped) return;
    const { code } = response;
    this.context.logRefusal(`Popping from ${this.describeQueue()}`, this.queue.mq, response);
    if (!UNKNOWN_SUBSCRIPTION.has(code)) return this.popLater(delayWhenRefused(code));
    this.context.instance.sendHeartbeatSoon();
    this.popLater(DELAY_WHEN_EXCEPTION);
  }

  private describeQueue(): string {
    const { topic, queueId, brokerName } = this.queue.mq;
    return `${queueId < 0 ? 'all queues' : `queue ${queueId}`} of topic ${topic} on ${brokerName}`;
  }
}
