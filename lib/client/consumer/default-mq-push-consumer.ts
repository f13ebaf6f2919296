import type { MessageExt } from '../../common/message-ext.js';
import { resolveOptions } from '../../common/option-rules.js';
import { TopicNames } from '../../common/topic-validator.js';
import { retryTopicOf } from '../../common/mix-all.js';
import { ConfigurationError } from '../../errors/configuration.error.js';
import { MQBrokerError } from '../../errors/mq-broker.error.js';
import type { ConsumerData } from '../../remoting/body/heartbeat-data.js';
import type { SubscriptionData } from '../../remoting/body/subscription-data.js';
import { SUB_ALL } from '../../remoting/filter/filter-api.js';
import { RequestCode } from '../../remoting/request-code.js';
import { ResponseCode } from '../../remoting/response-code.js';
import { invoke } from '../../remoting/transport/transport.js';
import type { ConsumerInner, MQClientInstance } from '../mq-client-instance.js';
import { DefaultMQProducer } from '../producer/default-mq-producer.js';
import { AsyncTraceDispatcher, traceProducerConfig } from '../trace/async-trace-dispatcher.js';
import { ConsumeMessageTrace } from '../trace/consume-message-trace.js';
import { checkGroup, checkRetriedGroup } from '../validators.js';
import { ConsumeMessageConcurrentlyService } from './consume-message-concurrently-service.js';
import { ConsumeMessageOrderlyService } from './consume-message-orderly-service.js';
import type { ConsumeMessageService } from './consume-message-service.js';
import { ConsumerAdmin } from './consumer-admin.js';
import { ConsumerContext } from './consumer-context.js';
import { consumerRules, consumeTimeoutMillis, type ConsumerConfig } from './consumer-config.js';
import { MessageSelector, subscriptionOf } from './message-selector.js';
import type {
  ConsumeConcurrentlyStatus,
  ConsumeOrderlyStatus,
  MessageListenerConcurrently,
  MessageListenerOrderly,
} from './message-listener.js';
import type { ProcessQueue } from './process-queue.js';
import { PopConsumption, type PoppingConsumer } from './pop-consumption.js';
import { PullRequest, type PullOwner } from './pull-request.js';
import { QueueLocker } from './queue-locker.js';
import { RebalancePushImpl } from './rebalance-push-impl.js';

/** Milliseconds, as with Java. */
const CHECK_TIMEOUT = 3000;

/** Handles the messages of a consumer: in any order, or in the order of their queues. */
export type MessageListener =
  { readonly concurrently: MessageListenerConcurrently } | { readonly orderly: MessageListenerOrderly };

/** Consumes messages as a member of a group (DefaultMQPushConsumer): it pulls them and calls the listener. */
export class DefaultMQPushConsumer implements ConsumerInner, PullOwner, PoppingConsumer {
  readonly config: ConsumerConfig;
  readonly consumeService: ConsumeMessageService;
  readonly admin: ConsumerAdmin;
  isSuspended = false;
  private readonly context: ConsumerContext;
  private readonly rebalance: RebalancePushImpl;
  private readonly dispatcher: AsyncTraceDispatcher | undefined;
  /** Of a consumer that has its queues from the brokers. */
  private readonly popping: PopConsumption | undefined;
  private isRunning = false;

  /** @throws ConfigurationError that names an option, its value and what is allowed. */
  constructor(
    private readonly instance: MQClientInstance,
    config: Partial<ConsumerConfig>,
    listener: MessageListener,
  ) {
    const given = { ...config, consumeOrderly: 'orderly' in listener };
    const resolved = resolveOptions('consumer', consumerRules, given);
    this.config = { ...resolved, consumerGroup: instance.withNamespace(resolved.consumerGroup) };
    const { consumeOrderly, messageModel } = this.config;
    if (consumeOrderly && messageModel === 'BROADCASTING') {
      throw new ConfigurationError(
        'Broadcast messages cannot be consumed in order: use CLUSTERING or CONCURRENTLY',
      );
    }
    this.context = new ConsumerContext(instance, this.config);
    const locker = new QueueLocker(this.context);
    if (resolved.enableMsgTrace) this.dispatcher = this.createDispatcher(resolved);
    const service = this.createService(listener, locker, resolved);
    this.consumeService = service;
    const isShared = !resolved.clientRebalance && messageModel === 'CLUSTERING';
    if (isShared && service instanceof ConsumeMessageConcurrentlyService)
      this.popping = new PopConsumption(this.context, this, service);
    this.rebalance = new RebalancePushImpl(
      this.context,
      locker,
      (queue, offset) => new PullRequest(this.context, this, queue, offset).pullLater(0),
      this.popping?.assignment,
      () => this.renewSubscriptions(),
    );
    this.admin = new ConsumerAdmin(this.context, this.consumeService, (queue, offset) =>
      this.rebalance.reset(queue, offset),
    );
  }

  get group(): string {
    return this.config.consumerGroup;
  }

  get topics(): Iterable<string> {
    return this.context.subscriptions.keys();
  }

  /**
   * Adds a topic, with a tag expression: tags with `||` between them, or `*`; or with a selector of another kind.
   *
   * @throws MQClientError when the expression has no tag, or is not one of SQL92: then with the position of the error.
   */
  subscribe(topic: string, selector: string | MessageSelector = SUB_ALL): void {
    const wrapped = this.instance.withNamespace(topic);
    const given = typeof selector === 'string' ? MessageSelector.byTag(selector) : selector;
    this.context.subscriptions.set(wrapped, subscriptionOf(wrapped, given, this.instance.clock.now()));
  }

  /**
   * Joins the group and takes up its share of the queues.
   *
   * @throws MQClientError when the group is illegal, or the client has a consumer of it already.
   * @throws MQBrokerError when a broker cannot filter by what was subscribed to.
   */
  async start(): Promise<void> {
    checkGroup(this.group);
    if (!this.config.clientRebalance && this.popping === undefined) {
      const reason = this.config.consumeOrderly ? 'consumes in order' : 'is BROADCASTING';
      this.context.logger.warn(`Group ${this.group} ${reason}, so clientRebalance: false has no effect`);
    }
    if (this.config.messageModel === 'CLUSTERING') {
      checkRetriedGroup(this.group);
      this.subscribe(retryTopicOf(this.group));
    }
    await this.context.offsetStore.load();
    this.instance.registerConsumer(this);
    this.instance.start();
    this.isRunning = true;
    this.consumeService.start();
    this.dispatcher?.start();
    this.context.stats.start();
    let refusal: MQBrokerError | undefined;
    try {
      await Promise.all([...this.topics].map((topic) => this.instance.updateTopicRouteInfo(topic)));
      refusal = await this.checkClientInBroker();
      await this.instance.sendHeartbeatToAllBrokers();
    } catch (error) {
      // The servers were there a moment ago; the background work goes on trying.
      this.context.logger.warn(`Consumer group ${this.group} starts without its servers: ${String(error)}`);
    }
    if (refusal !== undefined) {
      await this.shutdown();
      throw refusal;
    }
    await this.doRebalance();
  }

  /** Begins no more messages, for good; those that are being handled go on. */
  suspend(): void {
    this.isSuspended = true;
    this.consumeService.stop();
    this.popping?.stop();
  }

  /** Begins no messages, and pulls none, until it resumes; those that are being handled go on. Its queues stay with it. */
  pause(): void {
    this.isSuspended = true;
    this.consumeService.setPaused(true);
  }

  resume(): void {
    this.isSuspended = false;
    this.consumeService.setPaused(false);
  }

  /**
   * Takes no more messages, waits for running listeners up to `awaitTerminationMillisWhenShutdown`, persists the
   * offsets and leaves the group. Messages whose listener did not end come again.
   *
   * @returns the messages whose listener did not end.
   */
  async shutdown(): Promise<readonly MessageExt[]> {
    if (!this.isRunning) return [];
    this.isRunning = false;
    this.suspend();
    this.context.stats.stop();
    await this.rebalance.stop();
    const hasEnded = await this.consumeService.shutdown(this.config.awaitTerminationMillisWhenShutdown);
    await this.rebalance.releaseAll();
    const unfinishedPops = (await this.popping?.shutdown()) ?? [];
    const queues = [...this.context.processQueues()];
    await this.persistOffsets();
    await this.dispatcher?.shutdown();
    const unfinishedPulls = hasEnded
      ? []
      : queues.flatMap((queue) => queue.peek(queue.count)).filter(isBegun);
    for (const queue of queues) queue.drop();
    this.context.processQueueTable.clear();
    this.instance.unregisterConsumer(this);
    return [...unfinishedPulls, ...unfinishedPops];
  }

  /** Gives a message back: for another attempt after `delayLevel`, or with -1 to the dead-letter queue. */
  async sendMessageBack(message: MessageExt, delayLevel: number): Promise<void> {
    if (this.popping?.has(message)) this.popping.sendBack(message, delayLevel);
    else await this.context.backSender.sendBack(message, delayLevel);
  }

  /** Gives a message to the dead-letter queue, with the reason as its property `DLQ_REASON`. */
  sendMessageDead(message: MessageExt, reason: string): Promise<void> {
    return this.context.backSender.sendDead(message, reason);
  }

  consumerData(): ConsumerData {
    return this.context.consumerData('CONSUME_PASSIVELY');
  }

  async doRebalance(): Promise<void> {
    if (this.isRunning) await this.rebalance.doRebalance();
  }

  persistConsumerOffset(): void {
    void this.persistOffsets();
  }

  private async persistOffsets(): Promise<void> {
    const { needsLocks } = this.rebalance;
    // Whoever has a lock that was lost here may be further.
    const own = [...this.context.processQueues()].filter((queue) => !needsLocks || !queue.isLockLost);
    try {
      await this.context.offsetStore.persistAll(own.map(({ mq }) => mq));
    } catch (error) {
      this.context.logger.warn(`Offsets of group ${this.group} cannot be persisted: ${String(error)}`);
    }
  }

  subscriptionOf(topic: string): SubscriptionData | undefined {
    return this.context.subscriptions.get(topic);
  }

  /**
   * Brokers select by the newest subscription of a group, be it that of a member which has left. Java's client renews its own with
   * every change of its share (RebalancePushImpl#messageQueueChanged), but one that joins is the newest as it is, and is to stay that.
   */
  private renewSubscriptions(): void {
    const now = this.instance.clock.now();
    const { subscriptions } = this.context;
    for (const [topic, data] of subscriptions)
      subscriptions.set(topic, { ...data, subVersion: Math.max(now, data.subVersion + 1) });
    this.tellBrokers();
  }

  /** At once, as brokers refuse pulls with a subscription that they do not know yet; of this group alone, as a thousand may say it. */
  private tellBrokers(): void {
    void this.instance.logged(() => this.instance.sendHeartbeatToAllBrokers([this]));
  }

  /** Why a broker cannot filter by more than tags, if one cannot (MQClientInstance#checkClientInBroker). */
  private async checkClientInBroker(): Promise<MQBrokerError | undefined> {
    const { clientId } = this.instance;
    for (const subscriptionData of this.context.subscriptions.values()) {
      if (subscriptionData.expressionType === 'TAG') continue;
      const body = { clientId, group: this.group, subscriptionData };
      const request = { code: RequestCode.CHECK_CLIENT_CONFIG, header: undefined, body };
      for (const address of this.instance.brokerAddressesOf(subscriptionData.topic)) {
        const { code, remark } = await invoke(this.instance.transport, address, request, CHECK_TIMEOUT);
        if (code !== ResponseCode.SUCCESS) return new MQBrokerError(code, remark ?? '', address);
      }
    }
    return undefined;
  }

  onOffsetMoved(queue: ProcessQueue, offset: number): void {
    void this.instance.logged(() => this.rebalance.reset(queue, offset));
  }

  onTopicGone(queue: ProcessQueue): void {
    // Else what is being handled would be committed.
    queue.setLocked(false, 0);
    void this.instance.logged(() => this.rebalance.takeAnew(queue));
  }

  subscribePopRetry(retryTopic: string): void {
    this.subscribe(retryTopic);
    this.tellBrokers();
  }

  unsubscribePopRetry(retryTopic: string): void {
    this.context.subscriptions.delete(retryTopic);
    this.instance.sendHeartbeatSoon();
    void this.instance.logged(() => this.rebalance.dropTopic(retryTopic));
  }

  private createService(listener: MessageListener, locker: QueueLocker, config: ConsumerConfig) {
    const traced = this.dispatcher === undefined ? listener : this.traced(listener, config);
    return 'orderly' in traced
      ? new ConsumeMessageOrderlyService(this.context, traced.orderly, locker)
      : new ConsumeMessageConcurrentlyService(this.context, traced.concurrently);
  }

  private createDispatcher({ consumerGroup, customizedTraceTopic }: ConsumerConfig): AsyncTraceDispatcher {
    const producer = new DefaultMQProducer(this.instance, traceProducerConfig(consumerGroup, 'CONSUME'));
    return new AsyncTraceDispatcher(this.instance, producer, customizedTraceTopic ?? TopicNames.TRACE);
  }

  private traced(listener: MessageListener, config: ConsumerConfig): MessageListener {
    const timeout = consumeTimeoutMillis(config);
    const trace = new ConsumeMessageTrace(this.instance, this.dispatcher!, config.consumerGroup, timeout);
    if ('orderly' in listener) {
      const { orderly } = listener;
      const hasSucceeded = (status: ConsumeOrderlyStatus) => status === 'SUCCESS';
      return { orderly: (m, context) => trace.around(m, () => orderly(m, context), hasSucceeded) };
    }
    const { concurrently } = listener;
    const hasSucceeded = (status: ConsumeConcurrentlyStatus) => status === 'CONSUME_SUCCESS';
    return { concurrently: (m, context) => trace.around(m, () => concurrently(m, context), hasSucceeded) };
  }
}

function isBegun(message: MessageExt): boolean {
  return message.consumeStartTimestamp !== undefined;
}
