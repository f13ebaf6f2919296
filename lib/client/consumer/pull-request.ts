import type { MessageExt } from '../../common/message-ext.js';
import { MASTER_ID } from '../../common/mix-all.js';
import { PullSysFlag } from '../../common/pull-sys-flag.js';
import { MQClientError } from '../../errors/mq-client.error.js';
import type { RocketMQError } from '../../errors/rocketmq.error.js';
import type { SubscriptionData } from '../../remoting/body/subscription-data.js';
import type { RemotingResponse } from '../../remoting/remoting-command.js';
import { RequestCode } from '../../remoting/request-code.js';
import { ClientErrorCode, ResponseCode } from '../../remoting/response-code.js';
import type { ResponseCallback } from '../../remoting/transport/transport.js';
import type { FoundBroker } from '../broker-addr-table.js';
import { unwrapInnerBatches } from '../inner-batch.js';
import type { ConsumerContext } from './consumer-context.js';
import type { ConsumeMessageService } from './consume-message-service.js';
import type { ProcessQueue } from './process-queue.js';

type PullCode = typeof RequestCode.PULL_MESSAGE;

/** Milliseconds that a broker may hold a pull, and after which the client gives it up. */
const BROKER_SUSPEND_MAX_TIME = 15_000;
const CONSUMER_TIMEOUT = 30_000;
/** Of a broker of this process, to which no connection can be lost: thousands of idle queues then cost a quarter. */
const NEAR_SUSPEND_MAX_TIME = 60_000;
const NEAR_TIMEOUT = 75_000;
const LITE_BROKER_SUSPEND_MAX_TIME = 20_000;
/** Lite pull commits nothing in passing, and says with every pull what it wants. */
const LITE_PULL = PullSysFlag.SUSPEND | PullSysFlag.SUBSCRIPTION | PullSysFlag.LITE_PULL;
/** Pauses in milliseconds. */
const DELAY_WHEN_EXCEPTION = 1000;
const DELAY_WHEN_SUSPENDED = 1000;
/** Before a broker is asked again that refused for another reason than those below (`pullTimeDelayMillsWhenException`), or as it has too much to do. */
const DELAY_WHEN_REFUSED = 3000;
const DELAY_WHEN_FLOW_CONTROL = 20;
/** The broker has not heard, or not lately, what the consumer wants. */
export const UNKNOWN_SUBSCRIPTION: ReadonlySet<ResponseCode> = new Set([
  ResponseCode.SUBSCRIPTION_NOT_EXIST,
  ResponseCode.SUBSCRIPTION_NOT_LATEST,
  ResponseCode.FILTER_DATA_NOT_EXIST,
  ResponseCode.FILTER_DATA_NOT_LATEST,
]);
/** What brokers say when an administrator has set the offset of the group (GetMessageStatus). */
const OFFSET_RESET = 'OFFSET_RESET';
const OFFSET_ILLEGAL = 'is illegal';
const MIB = 1024 * 1024;

/** What is different in the pull loop of a consumer that fetches its messages itself. */
export interface LitePullOwner {
  /** Milliseconds to wait before the next pull of a queue, because it is paused, or enough waits to be fetched. */
  pauseBeforePull(queue: ProcessQueue): number;
  /** Nothing of the queue waits to be fetched, and nothing before the offset is left. */
  onPassed(queue: ProcessQueue, offset: number): void;
}

/** What a pull loop needs of its consumer. */
export interface PullOwner {
  readonly isSuspended: boolean;
  readonly consumeService: Pick<ConsumeMessageService, 'submit'>;
  /** Set for a consumer that fetches its messages itself. */
  readonly lite?: LitePullOwner;
  subscriptionOf(topic: string): SubscriptionData | undefined;
  /** The broker says that the offset is impossible, or was set: the queue begins anew at `offset`. */
  onOffsetMoved(queue: ProcessQueue, offset: number): void;
  /** The broker does not know the topic: a later one of the same name would begin anew. */
  onTopicGone(queue: ProcessQueue): void;
}

/** The pull loop of one queue (PullRequest, and DefaultMQPushConsumerImpl#pullMessage): one pull at a time. */
export class PullRequest implements ResponseCallback<PullCode> {
  /** Whether the broker that was pulled from last is in this process. */
  private isNear = false;
  /**
   * The member of the broker to pull from: what it said last (PullAPIWrapper, `pullFromWhichNodeTable`); behind a failure the master, as
   * a slave that only fails sends nobody back.
   */
  private brokerId = MASTER_ID;
  /** Of the broker that was pulled from last. */
  private address = '';

  constructor(
    private readonly context: ConsumerContext,
    private readonly owner: PullOwner,
    private readonly queue: ProcessQueue,
    private nextOffset: number,
  ) {}

  /** Pulls, after `delay` milliseconds, as long as the queue belongs to this consumer. */
  pullLater(delay: number): void {
    const { clock } = this.context;
    if (delay > 0) this.queue.pullTimer = clock.setTimeout(() => this.pull(), delay);
    else clock.setImmediate(() => this.pull());
  }

  onResponse(response: RemotingResponse<PullCode>): void {
    if (this.queue.dropped) return;
    if (response.header !== undefined) this.brokerId = response.header.suggestWhichBrokerId;
    switch (response.code) {
      case ResponseCode.SUCCESS:
        return this.onFound(response);
      case ResponseCode.PULL_NOT_FOUND:
      case ResponseCode.PULL_RETRY_IMMEDIATELY:
        return this.onNothing(response.code, response.header!.nextBeginOffset);
      case ResponseCode.PULL_OFFSET_MOVED:
        return this.onOffsetMoved(response);
      default:
        return this.onRefused(response);
    }
  }

  onError(error: RocketMQError): void {
    if (this.queue.dropped) return;
    // The connection has reported it once, for all queues.
    if (error.responseCode !== ClientErrorCode.CONNECT_BROKER)
      this.context.logger.warn(`Pulling from ${this.describeQueue()} failed: ${error.message}`);
    this.brokerId = MASTER_ID;
    this.context.instance.refreshRoute(this.queue.mq.topic);
    this.pullLater(DELAY_WHEN_EXCEPTION);
  }

  private pull(): void {
    const { context, queue } = this;
    if (queue.dropped) return;
    queue.lastPullAt = context.clock.monotonicNow();
    if (this.isFlowControlled()) return this.pullWhenDrained();
    if (this.isAhead()) return this.pullInTurn();
    const pause = this.pauseBeforePull();
    const subscription = this.owner.subscriptionOf(queue.mq.topic);
    if (pause > 0 || subscription === undefined) return this.pullLater(pause || DELAY_WHEN_EXCEPTION);
    const broker = this.findBroker();
    if (broker === undefined) {
      context.instance.refreshRoute(queue.mq.topic);
      return this.pullLater(DELAY_WHEN_EXCEPTION);
    }
    const { transport } = context.instance;
    this.address = broker.address;
    this.isNear = transport.isNear?.(broker.address) ?? false;
    const header = this.header(subscription, broker.isSlave);
    const request = { code: RequestCode.PULL_MESSAGE, header, body: undefined };
    transport.invoke<PullCode>(broker.address, request, this.isNear ? NEAR_TIMEOUT : CONSUMER_TIMEOUT, this);
  }

  private findBroker(): FoundBroker | undefined {
    return this.context.instance.findBrokerAddressInSubscribe(this.queue.mq.brokerName, this.brokerId);
  }

  /** Whether as many messages of this queue wait as may. */
  private isFlowControlled(): boolean {
    const { context, queue } = this;
    const { consumeOrderly, consumeConcurrentlyMaxSpan } = context.config;
    if (queue.count > context.pullThresholdForQueue) return true;
    if (queue.size > context.pullThresholdSizeForQueue * MIB) return true;
    return consumeOrderly ? queue.count > this.enough : queue.span > consumeConcurrentlyMaxSpan;
  }

  /** Whether so many messages wait that other queues may go first; with a listener that takes each queue in order none waits for others. */
  private isAhead(): boolean {
    const { config, pulled } = this.context;
    return !config.consumeOrderly && pulled.count > this.enough;
  }

  /**
   * What lies in memory next door need not be fetched far ahead: a hundred groups that each take a thousand messages of each
   * queue would need gigabytes. There is enough for every call of the listener that may be under way.
   */
  private get enough(): number {
    const { config, concurrency } = this.context;
    if (!this.isNear || this.owner.lite !== undefined) return Infinity;
    return Math.max(config.pullBatchSize, concurrency * config.consumeMessageBatchMaxSize);
  }

  private pullInTurn(): void {
    // However long the listener takes, this loop is not stuck.
    this.queue.lastPullAt = Infinity;
    this.context.pulled.whenFewer(this.enough, () => this.pull());
  }

  /** Java's client looks again every 50 ms, in which a fast listener has long been idle. */
  private pullWhenDrained(): void {
    const { queue } = this;
    // However long the listener takes, this loop is not stuck.
    queue.lastPullAt = Infinity;
    queue.onRemoved = () => {
      if (this.isFlowControlled()) return;
      queue.onRemoved = undefined;
      this.pullLater(0);
    };
  }

  private pauseBeforePull(): number {
    const { consumeOrderly, messageModel } = this.context.config;
    if (this.owner.isSuspended) return DELAY_WHEN_SUSPENDED;
    if (this.owner.lite !== undefined) return this.owner.lite.pauseBeforePull(this.queue);
    const isUnlocked = consumeOrderly && messageModel === 'CLUSTERING' && !this.queue.isLocked;
    return isUnlocked ? DELAY_WHEN_EXCEPTION : 0;
  }

  /** Slaves do not take offsets in passing (PullAPIWrapper#pullKernelImpl). */
  private header({ subString, subVersion, expressionType }: SubscriptionData, isSlave: boolean) {
    const { context, queue } = this;
    const { topic, queueId } = queue.mq;
    const { consumerGroup, messageModel, pullBatchSize } = context.config;
    const commitOffset = messageModel === 'CLUSTERING' ? context.offsetStore.memoryOffset(queue.mq) : -1;
    const commits = commitOffset > 0 && !isSlave;
    const isLite = this.owner.lite !== undefined;
    const hold = this.isNear ? NEAR_SUSPEND_MAX_TIME : BROKER_SUSPEND_MAX_TIME;
    return {
      consumerGroup,
      topic,
      queueId,
      queueOffset: this.nextOffset,
      maxMsgNums: pullBatchSize,
      sysFlag: isLite ? LITE_PULL : PullSysFlag.SUSPEND | (commits ? PullSysFlag.COMMIT_OFFSET : 0),
      commitOffset,
      suspendTimeoutMillis: isLite ? LITE_BROKER_SUSPEND_MAX_TIME : hold,
      ...(isLite ? { subscription: subString } : {}),
      subVersion,
      expressionType,
    };
  }

  /**
   * A slave does not keep the pull back but sends us to the master. While there is none, or it acts as the master itself, we would
   * ask it again and again, as Java's client does.
   */
  private onNothing(code: ResponseCode, next: number): void {
    const nextBeginOffset = Math.max(next, this.nextOffset);
    const isStuck = code === ResponseCode.PULL_RETRY_IMMEDIATELY && nextBeginOffset === this.nextOffset;
    this.moveTo(nextBeginOffset);
    this.pullLater(isStuck && this.findBroker()?.address === this.address ? DELAY_WHEN_EXCEPTION : 0);
  }

  private onFound({ header, body }: RemotingResponse<PullCode>): void {
    const { nextBeginOffset } = header!;
    if (nextBeginOffset <= this.nextOffset)
      return this.onError(
        new MQClientError(`what is at ${this.nextOffset} does not end at ${nextBeginOffset}`),
      );
    let damaged = 0;
    const onDamaged = () => void damaged++;
    const pulled = this.context.instance.decode(body!, onDamaged);
    const unwrapped = unwrapInnerBatches(pulled, this.nextOffset, nextBeginOffset, onDamaged);
    const messages = this.wanted(unwrapped, nextBeginOffset, onDamaged);
    if (damaged > 0) this.logDamaged(damaged, nextBeginOffset);
    this.context.stats.onPulled(this.queue.mq.topic, messages.length, this.queue.lastPullAt);
    this.queue.put(messages);
    this.moveTo(nextBeginOffset);
    if (messages.length > 0) this.owner.consumeService.submit(messages, this.queue);
    this.pullLater(this.context.config.pullInterval);
  }

  /** Unless an administrator has set the offset, nothing that waits here is passed over. */
  private onOffsetMoved({ remark, header }: RemotingResponse<PullCode>): void {
    const { nextBeginOffset } = header!;
    if (remark === OFFSET_RESET) return this.beginAnew(nextBeginOffset, 'was set by an administrator');
    if (this.queue.count === 0) return this.beginAnew(nextBeginOffset, OFFSET_ILLEGAL);
    // A slave that takes over may have less than its master had: what it has of them is pulled again.
    if (nextBeginOffset < this.nextOffset)
      return this.beginAnew(Math.min(nextBeginOffset, this.queue.doneUpTo), OFFSET_ILLEGAL);
    const gone = `from offset ${this.nextOffset} to ${nextBeginOffset - 1}`;
    this.context.logger.warn(`Messages of ${this.describeQueue()}, ${gone}, are no longer there`);
    this.moveTo(nextBeginOffset);
    this.pullLater(0);
  }

  private beginAnew(offset: number, reason: string): void {
    const { topic, queueId } = this.queue.mq;
    this.context.logger.warn(`The offset of ${topic}/${queueId} ${reason}, it begins anew at ${offset}`);
    this.owner.onOffsetMoved(this.queue, offset);
  }

  private logDamaged(count: number, nextBeginOffset: number): void {
    const range = `between offsets ${this.nextOffset} and ${nextBeginOffset - 1}`;
    this.context.logger.error(
      `Damaged records from ${this.describeQueue()}, ${range}, are passed over: ${count}`,
    );
  }

  /** `onDamaged` is called for each whose offset cannot be: to take it would move the group to a place where it never was. */
  private wanted(messages: MessageExt[], end: number, onDamaged: () => void): MessageExt[] {
    const { brokerName, topic } = this.queue.mq;
    const subscription = this.owner.subscriptionOf(topic);
    let next = this.nextOffset;
    return messages.filter((message) => {
      const { queueOffset } = message;
      if (queueOffset < next || queueOffset >= end) {
        onDamaged();
        return false;
      }
      next = queueOffset + 1;
      message.brokerName = brokerName;
      return isWantedBy(subscription, message);
    });
  }

  /** Messages that were passed over count as consumed when none before them is waiting. */
  private moveTo(offset: number): void {
    this.nextOffset = offset;
    if (this.queue.count > 0) return;
    if (this.owner.lite !== undefined) this.owner.lite.onPassed(this.queue, offset);
    else this.context.offsetStore.updateOffset(this.queue.mq, offset, true);
  }

  private onRefused(response: RemotingResponse<PullCode>): void {
    const { code } = response;
    this.context.logRefusal(`Pulling from ${this.describeQueue()}`, this.queue.mq, response);
    this.brokerId = MASTER_ID;
    if (code === ResponseCode.TOPIC_NOT_EXIST && this.mayForget) return this.owner.onTopicGone(this.queue);
    if (!UNKNOWN_SUBSCRIPTION.has(code)) return this.pullLater(delayWhenRefused(code));
    this.context.instance.sendHeartbeatSoon();
    this.pullLater(DELAY_WHEN_EXCEPTION);
  }

  /** Nobody but a broadcasting consumer itself knows how far it was, and one broker that knows less must not make it forget that. */
  private get mayForget(): boolean {
    return this.nextOffset > 0 && this.context.config.messageModel !== 'BROADCASTING';
  }

  private describeQueue(): string {
    const { topic, queueId, brokerName } = this.queue.mq;
    return `queue ${queueId} of topic ${topic} on ${brokerName}`;
  }
}

/** Milliseconds before a broker is asked again that refused with a code. */
export function delayWhenRefused(code: ResponseCode): number {
  return code === ResponseCode.FLOW_CONTROL ? DELAY_WHEN_FLOW_CONTROL : DELAY_WHEN_REFUSED;
}

/** The broker compares hashes of tags; here the tags themselves are compared. */
export function isWantedBy(subscription: SubscriptionData | undefined, message: MessageExt): boolean {
  const tagsSet = subscription?.tagsSet;
  if (tagsSet === undefined || tagsSet.size === 0) return true;
  return message.tags !== undefined && tagsSet.has(message.tags);
}
