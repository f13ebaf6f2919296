import type { Timer } from '../../common/clock.js';
import type { MessageExt } from '../../common/message-ext.js';
import { compareMessageQueues, messageQueueKey, type MessageQueue } from '../../common/message-queue.js';
import { resolveOptions } from '../../common/option-rules.js';
import { MQClientError } from '../../errors/mq-client.error.js';
import type { ConsumerData } from '../../remoting/body/heartbeat-data.js';
import type { SubscriptionData } from '../../remoting/body/subscription-data.js';
import { buildSubscriptionData, SUB_ALL } from '../../remoting/filter/filter-api.js';
import type { ConsumerInner, MQClientInstance } from '../mq-client-instance.js';
import { checkGroup } from '../validators.js';
import { ConsumerAdmin } from './consumer-admin.js';
import { ConsumerContext } from './consumer-context.js';
import { consumerRules, type ConsumerConfig } from './consumer-config.js';
import { Arrivals } from './lite-pull-arrivals.js';
import { LitePullAssignment } from './lite-pull-assignment.js';
import { litePullConsumerRules, type LitePullConsumerConfig } from './lite-pull-consumer-config.js';
import type { ProcessQueue } from './process-queue.js';
import { PullRequest, type PullOwner } from './pull-request.js';
import { QueueLocker } from './queue-locker.js';
import { RebalancePushImpl } from './rebalance-push-impl.js';

/** Milliseconds until a queue is tried again whose topic is no more. */
const RETRY_INTERVAL = 1000;

/** Is told of the queues that a consumer has, whenever they change (MessageQueueListener). */
export type MessageQueueListener = (queues: readonly MessageQueue[]) => void;

/**
 * Fetches messages when the application asks for them (DefaultLitePullConsumer): as a member of a group that shares the queues of
 * its topics (`subscribe`), or from queues that it names itself (`assign`). It pulls ahead into memory, up to its thresholds.
 */
export class DefaultLitePullConsumer implements ConsumerInner, PullOwner {
  readonly config: LitePullConsumerConfig;
  readonly admin: ConsumerAdmin;
  readonly isSuspended = false;
  readonly consumeService = { submit: () => this.arrivals.notify() };
  readonly lite: LitePullAssignment;
  private readonly context: ConsumerContext;
  private readonly rebalance: RebalancePushImpl;
  private readonly arrivals: Arrivals;
  private readonly listeners: MessageQueueListener[] = [];
  /** Keys of the queues that `assign` named last. */
  private assigned: ReadonlySet<string> | undefined;
  /** Of queues that are taken up later. */
  private readonly takeTimers = new Set<Timer>();
  private isRunning = false;
  private knownQueues = '';
  private nextAutoCommit = 0;

  /** @throws ConfigurationError that names an option, its value and what is allowed. */
  constructor(
    private readonly instance: MQClientInstance,
    config: Partial<LitePullConsumerConfig>,
  ) {
    const resolved = resolveOptions('pullConsumer', litePullConsumerRules, config);
    this.config = { ...resolved, consumerGroup: instance.withNamespace(resolved.consumerGroup) };
    this.context = new ConsumerContext(instance, pullConfig(this.config));
    this.arrivals = new Arrivals(instance.clock);
    const pull = (queue: ProcessQueue, offset: number) =>
      new PullRequest(this.context, this, queue, offset).pullLater(0);
    this.lite = new LitePullAssignment(this.context, this.config.pullThresholdForAll, pull);
    const locker = new QueueLocker(this.context);
    this.rebalance = new RebalancePushImpl(this.context, locker, (queue, offset) =>
      this.lite.onAssigned(queue, offset),
    );
    this.admin = new ConsumerAdmin(
      this.context,
      { consumeMessageDirectly: () => Promise.resolve(NOT_CALLED) },
      ({ mq }, offset) => this.resetTo(mq, offset),
      'CONSUME_ACTIVELY',
    );
  }

  get group(): string {
    return this.config.consumerGroup;
  }

  /** Whether it was started, and not shut down. */
  get running(): boolean {
    return this.isRunning;
  }

  get topics(): Iterable<string> {
    return this.context.subscriptions.keys();
  }

  /**
   * Shares the queues of a topic with the other members of the group. `listener` is told of those of this member.
   *
   * @throws MQClientError when queues were assigned, or the expression has no tag.
   */
  async subscribe(topic: string, subExpression = SUB_ALL, listener?: MessageQueueListener): Promise<void> {
    if (this.assigned !== undefined) throw new MQClientError('Subscribe and assign are mutually exclusive.');
    const wrapped = this.instance.withNamespace(topic);
    const data = buildSubscriptionData(wrapped, subExpression, this.instance.clock.now());
    if (data === undefined)
      throw new MQClientError(`The tag expression "${subExpression}" of topic ${topic} has no tag`);
    this.context.subscriptions.set(wrapped, data);
    if (listener !== undefined) this.listeners.push(listener);
    if (!this.isRunning) return;
    await this.instance.sendHeartbeatToAllBrokers();
    await this.doRebalance();
  }

  /**
   * Takes exactly these queues, whoever else has them; queues that it has already go on where they are. Of calls that overlap the
   * last one counts.
   *
   * @throws MQClientError when there are subscriptions.
   */
  async assign(queues: readonly MessageQueue[]): Promise<void> {
    if (this.context.subscriptions.size > 0)
      throw new MQClientError('Subscribe and assign are mutually exclusive.');
    this.checkRunning();
    const wrapped = queues.map((mq) => this.wrap(mq));
    const keys = (this.assigned = new Set(wrapped.map(messageQueueKey)));
    for (const mq of this.lite.queues) if (!keys.has(messageQueueKey(mq))) this.lite.drop(mq);
    await Promise.all(wrapped.filter((mq) => !this.lite.has(mq)).map((mq) => this.take(mq)));
  }

  /** The queues that this consumer has. */
  assignment(): MessageQueue[] {
    return this.lite.queues.map((mq) => this.unwrap(mq)).toSorted(compareMessageQueues);
  }

  /** @throws MQClientError when the group is illegal, or the client has a consumer of it already. */
  async start(): Promise<void> {
    checkGroup(this.group);
    await this.context.offsetStore.load();
    this.instance.registerConsumer(this);
    this.instance.start();
    this.isRunning = true;
    try {
      await Promise.all([...this.topics].map((topic) => this.instance.updateTopicRouteInfo(topic)));
      await this.instance.sendHeartbeatToAllBrokers();
    } catch (error) {
      this.context.logger.warn(`Consumer group ${this.group} starts without its servers: ${String(error)}`);
    }
    await this.doRebalance();
  }

  /**
   * The next messages of one queue, as soon as there are any; none when the time is over, or the consumer was shut down.
   *
   * @param timeoutMillis default: `pollTimeoutMillis`.
   * @param max most messages; default: `pullBatchSize`.
   * @throws MQClientError when the consumer is not running.
   */
  async poll(
    timeoutMillis = this.config.pollTimeoutMillis,
    max = this.config.pullBatchSize,
    signal?: AbortSignal,
  ): Promise<MessageExt[]> {
    this.checkRunning();
    this.commitAutomatically();
    const deadline = this.instance.clock.monotonicNow() + timeoutMillis;
    for (;;) {
      signal?.throwIfAborted();
      const messages = this.isRunning ? this.lite.fetch(max) : [];
      const remaining = deadline - this.instance.clock.monotonicNow();
      if (messages.length > 0 || remaining <= 0 || !this.isRunning) return this.shown(messages);
      await this.arrivals.wait(remaining, signal);
    }
  }

  /**
   * Goes on at an offset of a queue.
   *
   * @throws MQClientError when this consumer does not have the queue, or the queue does not reach there.
   */
  async seek(mq: MessageQueue, offset: number): Promise<void> {
    const { questions } = this.context;
    const [min, max] = await Promise.all([questions.minOffset(mq), questions.maxOffset(mq)]);
    if (!(Number.isSafeInteger(offset) && offset >= min && offset <= max)) {
      throw new MQClientError(
        `Seek offset illegal, seek offset = ${offset}, min offset = ${min}, max offset = ${max}`,
      );
    }
    this.goTo(this.wrap(mq), offset);
  }

  async seekToBegin(mq: MessageQueue): Promise<void> {
    this.goTo(this.wrap(mq), await this.context.questions.minOffset(mq));
  }

  async seekToEnd(mq: MessageQueue): Promise<void> {
    this.goTo(this.wrap(mq), await this.context.questions.maxOffset(mq));
  }

  /** Polls return a message again, and what is behind it, if the queue is still one of this consumer. */
  giveBack({ topic, brokerName, queueId, queueOffset }: MessageExt): void {
    const mq = this.wrap({ topic, brokerName, queueId });
    if (this.lite.has(mq)) this.goTo(mq, queueOffset);
  }

  /** Fetches nothing from these queues until they are resumed. */
  pause(queues: readonly MessageQueue[]): void {
    for (const mq of queues) this.lite.pause(this.wrap(mq));
  }

  resume(queues: readonly MessageQueue[]): void {
    for (const mq of queues) this.lite.resume(this.wrap(mq));
    this.arrivals.notify();
  }

  /** Commits what polls have returned, of all queues where that has changed, or of these. */
  async commit(queues?: readonly MessageQueue[]): Promise<void> {
    if (queues === undefined) return this.persistPositions();
    await Promise.all(
      queues.map(async (mq) => {
        const offset = this.lite.positionOf(this.wrap(mq));
        if (offset !== undefined) await this.commitOffset(mq, offset);
      }),
    );
  }

  /**
   * Commits an offset: the group goes on there when the queue is taken up the next time. A queue that this consumer does not
   * have (any more) is passed over, as whoever has it knows better (DefaultLitePullConsumerImpl#commit).
   */
  async commitOffset(mq: MessageQueue, offset: number): Promise<void> {
    const { offsetStore } = this.context;
    const wrapped = this.wrap(mq);
    if (!this.lite.has(wrapped)) return;
    // The broker is told even what it was told before: somebody else may have set another one since.
    offsetStore.removeOffset(wrapped);
    offsetStore.updateOffset(wrapped, offset, false);
    await offsetStore.persist(wrapped);
  }

  /** What the group has committed of a queue, or -1. */
  committed(mq: MessageQueue): Promise<number> {
    return this.context.offsetStore.readOffset(this.wrap(mq));
  }

  /** The first message that was stored at a time (milliseconds since the epoch) or later. */
  offsetForTimestamp(mq: MessageQueue, timestamp: number): Promise<number> {
    return this.context.questions.searchOffset(mq, timestamp);
  }

  /** All queues of a topic. */
  fetchMessageQueues(topic: string): Promise<MessageQueue[]> {
    return this.context.questions.fetchMessageQueues(topic);
  }

  /** Leaves the group; what was fetched but not committed comes again. */
  async shutdown(): Promise<void> {
    if (!this.isRunning) return;
    this.isRunning = false;
    for (const timer of this.takeTimers) this.context.clock.clearTimeout(timer);
    await this.rebalance.stop();
    for (const mq of this.lite.queues) this.lite.drop(mq);
    this.instance.unregisterConsumer(this);
    this.arrivals.notify();
  }

  consumerData(): ConsumerData {
    return this.context.consumerData('CONSUME_ACTIVELY');
  }

  async doRebalance(): Promise<void> {
    if (!this.isRunning || this.assigned !== undefined) return;
    await this.rebalance.doRebalance();
    const queues = this.assignment();
    const keys = queues.map(messageQueueKey).join();
    if (keys === this.knownQueues) return;
    this.knownQueues = keys;
    for (const listener of this.listeners) listener(queues);
  }

  /** Offsets are persisted when they are committed. */
  persistConsumerOffset(): void {}

  subscriptionOf(topic: string): SubscriptionData | undefined {
    return this.context.subscriptions.get(topic) ?? buildSubscriptionData(topic, SUB_ALL, 0);
  }

  onOffsetMoved({ mq }: ProcessQueue, offset: number): void {
    this.goTo(mq, offset);
  }

  onTopicGone(queue: ProcessQueue): void {
    if (this.assigned === undefined) return void this.instance.logged(() => this.rebalance.takeAnew(queue));
    this.context.offsetStore.removeOffset(queue.mq);
    this.lite.drop(queue.mq);
    this.takeLater(queue.mq);
  }

  private async take(mq: MessageQueue): Promise<void> {
    const offset = await this.rebalance.computePullFromWhere(mq);
    if (this.isWanted(mq)) this.lite.begin(mq, offset);
  }

  private takeLater(mq: MessageQueue): void {
    if (!this.isRunning) return;
    const timer = this.context.clock.setTimeout(() => {
      this.takeTimers.delete(timer);
      if (this.isWanted(mq)) this.take(mq).catch(() => this.takeLater(mq));
    }, RETRY_INTERVAL);
    this.takeTimers.add(timer);
  }

  /** Meanwhile there may have been another call, or the end. */
  private isWanted(mq: MessageQueue): boolean {
    return this.isRunning && this.assigned?.has(messageQueueKey(mq)) === true && !this.lite.has(mq);
  }

  /** A commit without a poll in between commits where it goes on. */
  private goTo(mq: MessageQueue, offset: number): void {
    this.lite.require(mq);
    this.lite.begin(mq, offset);
    this.lite.setPosition(mq, offset);
    // The next commit tells it, also if it was told before: somebody else may have set another one since.
    this.context.offsetStore.removeOffset(mq);
  }

  private async resetTo(mq: MessageQueue, offset: number): Promise<void> {
    this.goTo(mq, offset);
    await this.commitOffset(mq, offset);
  }

  private commitAutomatically(): void {
    const { clock, logger } = this.context;
    if (!this.config.autoCommit || clock.monotonicNow() < this.nextAutoCommit) return;
    this.nextAutoCommit = clock.monotonicNow() + this.config.autoCommitIntervalMillis;
    this.persistPositions().catch((error: unknown) =>
      logger.warn(`Offsets of group ${this.group} cannot be committed: ${String(error)}`),
    );
  }

  private async persistPositions(): Promise<void> {
    const { offsetStore } = this.context;
    const { queues } = this.lite;
    for (const mq of queues) {
      const offset = this.lite.positionOf(mq);
      if (offset !== undefined) offsetStore.updateOffset(mq, offset, false);
    }
    await offsetStore.persistAll(queues);
  }

  private checkRunning(): void {
    if (!this.isRunning) throw new MQClientError('The consumer not running, please start it first.');
  }

  private shown(messages: MessageExt[]): MessageExt[] {
    for (const message of messages) message.topic = this.instance.withoutNamespace(message.topic);
    return messages;
  }

  private wrap(mq: MessageQueue): MessageQueue {
    return { ...mq, topic: this.instance.withNamespace(mq.topic) };
  }

  private unwrap(mq: MessageQueue): MessageQueue {
    return { ...mq, topic: this.instance.withoutNamespace(mq.topic) };
  }
}

/** What an administrator is told who gives it a message. */
const NOT_CALLED = {
  order: false,
  autoCommit: true,
  consumeResult: 'CR_THROW_EXCEPTION',
  remark: 'this consumer fetches its messages itself',
  spentTimeMills: 0,
} as const;

/** The part of it that a pull loop, and the sharing of queues, need. */
function pullConfig(config: LitePullConsumerConfig): ConsumerConfig {
  const { autoCommit: _autoCommit, autoCommitIntervalMillis: _interval, ...others } = config;
  const { pollTimeoutMillis: _timeout, pullThresholdForAll: _all, consumeMaxSpan, ...same } = others;
  const given = { ...same, consumeConcurrentlyMaxSpan: consumeMaxSpan };
  return resolveOptions('consumer', consumerRules, given);
}
