import { nextTurn, type Timer } from '../../common/clock.js';
import { compareMessageQueues, messageQueueKey, type MessageQueue } from '../../common/message-queue.js';
import { isRetryTopic } from '../../common/mix-all.js';
import { MQBrokerError } from '../../errors/mq-broker.error.js';
import { RemotingTimeoutError } from '../../errors/remoting-timeout.error.js';
import { subscribeQueuesOf } from '../../remoting/body/subscribe-queues.js';
import type { TopicRouteData } from '../../remoting/body/topic-route-data.js';
import { RequestCode } from '../../remoting/request-code.js';
import type { AllocateMessageQueueStrategy } from '../../common/allocate/allocate-message-queue-strategy.js';
import { allocationStrategy, checkShare } from '../allocate/allocation-strategies.js';
import { askAnyBroker } from './ask-any-broker.js';
import type { BrokerAssignment } from './broker-assignment.js';
import type { ConsumerContext } from './consumer-context.js';
import { GroupMembers } from './group-members.js';
import { ProcessQueue } from './process-queue.js';
import type { QueueLocker } from './queue-locker.js';
import { NO_ANSWER, type Answer, type Basis, type Question, type Round } from './rebalance-round.js';

/** Milliseconds without a pull after which a queue is taken up anew (`rocketmq.client.pull.pullMaxIdleTime`). */
const PULL_MAX_IDLE_TIME = 120_000;
const HALF_AN_HOUR = 1_800_000;
/** Milliseconds until a queue is tried again that another consumer still has (`rocketmq.client.rebalance.minInterval`). */
const RETRY_INTERVAL = 1000;
/** Topics that are shared out in one turn of the event loop. */
const TOPICS_OF_A_TURN = 100;

/** Decides which queues this consumer takes part in, together with the other members of its group (RebalancePushImpl). */
export class RebalancePushImpl {
  private readonly strategy: AllocateMessageQueueStrategy;
  private readonly consumeTimestamp: number;
  private running: Promise<void> | undefined;
  private readonly releases = new Set<Promise<void>>();
  /** By topic what its queues were shared out by last, as long as all of this consumer's share is its own. */
  private readonly settled = new Map<string, Basis>();
  private lastRound: Round = new Map();
  /** As they were when the round began: some may have been taken away since. */
  private queuesOf: ReadonlyMap<string, readonly ProcessQueue[]> = new Map();
  private readonly groupMembers = new GroupMembers();
  /** Whether {@link onNewest} was called in this round: one renewal is for all brokers. */
  private isRenewed = false;
  /** Brokers that have not answered in this round. */
  private readonly silent = new Set<string>();
  private isRequested = false;
  private isStopped = false;
  private retryTimer: Timer | undefined;

  constructor(
    private readonly context: ConsumerContext,
    private readonly locker: QueueLocker,
    /** A queue was given to this consumer: pulling begins at `offset`. */
    private readonly onAssigned: (queue: ProcessQueue, offset: number) => void,
    /** Brokers share the queues out, and not the members of the group. */
    private readonly assignment?: BrokerAssignment,
    /** This member came last of all that there are, and the subscription of another may be in place of its own. */
    private readonly onNewest: () => void = () => {},
  ) {
    const { config, clock } = context;
    this.strategy = allocationStrategy(config.allocateMessageQueueStrategy);
    this.consumeTimestamp = config.consumeTimestamp ?? clock.now() - HALF_AN_HOUR;
    locker.onLost = (queue) => void this.context.instance.logged(() => this.takeAnew(queue));
  }

  /** Brings the queues into line with the group; a call during another one leads to one more round. */
  doRebalance(): Promise<void> {
    this.isRequested = !this.isStopped;
    this.running ??= this.run().finally(() => (this.running = undefined));
    return this.running;
  }

  /** Waits for what the round under way does with one queue, and no longer: a broker that does not answer would hold up the end. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.isRequested = false;
    this.context.clock.clearTimeout(this.retryTimer);
    await this.running;
  }

  /** At the end, when no call of the listener is waited for any longer: gives free all queues that were taken away before. */
  async releaseAll(): Promise<void> {
    for (const queue of this.context.releasing.values()) queue.setConsuming(false);
    await Promise.allSettled(this.releases);
  }

  /** Takes all queues of a topic away from this consumer. */
  async dropTopic(topic: string): Promise<void> {
    await this.updateQueues(topic, [], this.context.queuesByTopic());
  }

  /** Takes a queue away from this consumer. Another one gets its lock when no message of it is being handled. */
  async drop(queue: ProcessQueue): Promise<void> {
    const key = this.disown(queue);
    if (!this.needsLocks) return void (await this.release(queue, key));
    if (queue.isLockLost) await this.compareWithGroup(queue);
    // Whatever persists the offsets of the table forgets this one, and the running call may fail.
    await this.persist(queue, key);
    void this.context.instance.logged(() => this.noted(this.releaseWhenIdle(queue, key)));
  }

  /** Takes a queue up anew where the broker says that its group is, whatever this member has noted. */
  async takeAnew(queue: ProcessQueue): Promise<void> {
    this.context.offsetStore.removeOffset(queue.mq);
    await this.drop(queue);
    this.retrySoon();
  }

  /**
   * Takes a queue up anew at an offset, whatever comes of the messages of it that are being handled. Rejects when the offset cannot be
   * persisted: then it goes on where the group was.
   */
  async reset(queue: ProcessQueue, offset: number): Promise<void> {
    const key = this.disown(queue);
    try {
      await this.noted(this.releaseWhenIdle(queue, key, offset));
    } finally {
      await this.doRebalance();
    }
  }

  /** Whoever had the lock may be further. While the broker was away nobody had it, and what was done meanwhile counts. */
  private async compareWithGroup(queue: ProcessQueue): Promise<void> {
    const { mq } = queue;
    const { offsetStore } = this.context;
    const groupOffset = queue.isLockRefused
      ? Infinity
      : await offsetStore.readOffset(mq).catch(() => Infinity);
    // Meanwhile a call may have ended.
    offsetStore.removeOffset(mq);
    if (queue.doneUpTo > Math.max(groupOffset, 0)) offsetStore.updateOffset(mq, queue.doneUpTo, false);
  }

  private disown(queue: ProcessQueue): string {
    const key = messageQueueKey(queue.mq);
    queue.drop();
    this.context.processQueueTable.delete(key);
    this.settled.delete(queue.mq.topic);
    this.context.releasing.set(key, queue);
    return key;
  }

  private async releaseWhenIdle(queue: ProcessQueue, key: string, offset?: number): Promise<void> {
    if (this.needsLocks) await queue.whenIdle();
    const { offsetStore } = this.context;
    // Whoever has the lock by now may be further; an offset that is given is told even if it was told before.
    if (offset !== undefined || (this.needsLocks && !queue.isLocked)) offsetStore.removeOffset(queue.mq);
    if (offset !== undefined) offsetStore.updateOffset(queue.mq, offset, false);
    const fault = await this.release(queue, key);
    if (offset !== undefined && fault !== undefined) throw fault;
  }

  /** The end waits for it. */
  private async noted(release: Promise<void>): Promise<void> {
    this.releases.add(release);
    try {
      await release;
    } finally {
      this.releases.delete(release);
    }
  }

  private async release(queue: ProcessQueue, key: string): Promise<Error | undefined> {
    const fault = await this.persist(queue, key);
    this.context.offsetStore.removeOffset(queue.mq);
    await this.unlock(queue);
    this.context.releasing.delete(key);
    return fault;
  }

  private async persist({ mq }: ProcessQueue, key: string): Promise<Error | undefined> {
    try {
      await this.context.offsetStore.persist(mq);
    } catch (error) {
      this.context.logger.warn(`The offset of ${key} cannot be persisted: ${String(error)}`);
      return error as Error;
    }
    return undefined;
  }

  /** Whether queues are consumed under a lock. */
  get needsLocks(): boolean {
    const { consumeOrderly, messageModel } = this.context.config;
    return consumeOrderly && messageModel === 'CLUSTERING';
  }

  private async run(): Promise<void> {
    while (this.isRequested) {
      this.isRequested = false;
      const round: Round = new Map();
      this.isRenewed = false;
      this.silent.clear();
      this.unsettleIdle();
      this.queuesOf = this.context.queuesByTopic();
      let topics = 0;
      for (const topic of this.context.subscriptions.keys()) {
        if (this.isStopped || this.isSettled(topic, round)) continue;
        await this.rebalanceTopicLogged(topic, round);
        if (++topics % TOPICS_OF_A_TURN === 0) await nextTurn(this.context.clock);
      }
      this.lastRound = round;
    }
  }

  private async rebalanceTopicLogged(topic: string, round: Round): Promise<void> {
    try {
      await this.rebalanceTopic(topic, round);
    } catch (error) {
      this.context.logger.warn(`Rebalancing topic ${topic} failed, it is tried again: ${String(error)}`);
    }
  }

  private async rebalanceTopic(topic: string, round: Round): Promise<void> {
    const { instance, config } = this.context;
    const route = instance.routeOf(topic) ?? (await instance.updateTopicRouteInfo(topic));
    if (route === undefined) return;
    if (this.assignment?.isSupported) {
      const pulled = await this.assignment.update(topic, route);
      if (pulled !== undefined) return this.updateQueues(topic, pulled);
      if (this.assignment.isSupported) return;
    }
    if (config.messageModel === 'BROADCASTING') return this.updateQueues(topic, sortedQueues(topic, route));
    const brokers = route.brokerDatas.map(({ brokerName }) => brokerName).join();
    const cidAll = await this.membersOf(route, brokers, round);
    if (cidAll.length === 0 || this.isSettled(topic, round)) return;
    const mqAll = sortedQueues(topic, route);
    const share = checkShare(
      this.strategy.name,
      this.strategy.allocate(instance.clientId, mqAll, cidAll),
      mqAll,
    );
    await this.updateQueues(topic, share);
    const { processQueueTable } = this.context;
    // A strategy of the application may know more than it is told, and is asked every time.
    const isNamed = typeof config.allocateMessageQueueStrategy === 'string';
    if (isNamed && share.every((mq) => processQueueTable.has(messageQueueKey(mq))))
      this.settled.set(topic, { route, brokers, members: cidAll.join() });
  }

  /** Without a promise: there may be thousands of topics, every few seconds. */
  private isSettled(topic: string, round: Round): boolean {
    const before = this.settled.get(topic);
    if (before === undefined || before.route !== this.context.instance.routeOf(topic)) return false;
    return round.get(before.brokers)?.members === before.members;
  }

  /** A queue whose pulls have stopped is taken up anew. */
  private unsettleIdle(): void {
    const oldest = this.context.clock.monotonicNow() - PULL_MAX_IDLE_TIME;
    for (const { mq, lastPullAt } of this.context.processQueues())
      if (lastPullAt < oldest) this.settled.delete(mq.topic);
  }

  /** Topics of the same brokers have the same members: one question of a round is enough for all of them. */
  private async membersOf(route: TopicRouteData, brokers: string, round: Round): Promise<readonly string[]> {
    const question: Question = round.get(brokers) ?? {
      answer: this.findConsumerIds(route),
      known: this.lastRound.get(brokers)?.known ?? [],
    };
    round.set(brokers, question);
    const { address, members } = await question.answer;
    question.members = members.join();
    if (members.length > 0 && members !== question.known) this.noteMembers(question, address, members);
    return members;
  }

  private noteMembers(question: Question, address: string, members: readonly string[]): void {
    const connection = this.context.instance.connectionStatus(address);
    const isNewest = this.groupMembers.update(address, { members, connection }, question.known);
    question.known = members;
    if (!isNewest || this.isRenewed) return;
    this.isRenewed = true;
    this.onNewest();
  }

  /** None when the broker has not heard of this member yet, which would leave it without queues: it is told. */
  private async findConsumerIds(route: TopicRouteData): Promise<Answer> {
    const { instance } = this.context;
    const { address, members } = await this.askForConsumerIds(route);
    if (members.includes(instance.clientId)) return { address, members: members.toSorted() };
    instance.sendHeartbeatSoon();
    return NO_ANSWER;
  }

  private async askForConsumerIds({ brokerDatas }: TopicRouteData): Promise<Answer> {
    const { instance, config } = this.context;
    const header = { consumerGroup: config.consumerGroup };
    const request = { code: RequestCode.GET_CONSUMER_LIST_BY_GROUP, header, body: undefined };
    try {
      const ask = async (address: string) => {
        const { body } = await instance.requestFrom(address, request);
        return { address, members: body!.consumerIdList };
      };
      return (await askAnyBroker(instance, brokerDatas, ask)) ?? NO_ANSWER;
    } catch (error) {
      // The broker says this too when it has not heard of the group yet.
      if (error instanceof MQBrokerError) return NO_ANSWER;
      throw error;
    }
  }

  private async updateQueues(
    topic: string,
    share: readonly MessageQueue[],
    queuesOf = this.queuesOf,
  ): Promise<void> {
    const { processQueueTable, clock } = this.context;
    const keys = new Set(share.map(messageQueueKey));
    const oldest = clock.monotonicNow() - PULL_MAX_IDLE_TIME;
    const isLost = ({ mq, lastPullAt, dropped }: ProcessQueue) =>
      !dropped && (!keys.has(messageQueueKey(mq)) || lastPullAt < oldest);
    if (this.isStopped) return;
    const lost = queuesOf.get(topic)?.filter(isLost) ?? [];
    // All at once: one that waited for the broker of another would meanwhile be handled by two members.
    await Promise.all(lost.map((queue) => this.drop(queue)));
    const missing = share.filter((mq) => !processQueueTable.has(messageQueueKey(mq)));
    const brokers = new Set(missing.map(({ brokerName }) => brokerName));
    await Promise.all([...brokers].map((brokerName) => this.takeFrom(brokerName, missing)));
  }

  /** A broker that does not answer keeps nobody from the queues of the others, and is asked for one of its own in a round. */
  private async takeFrom(brokerName: string, queues: readonly MessageQueue[]): Promise<void> {
    for (const mq of queues) {
      if (this.isStopped || this.silent.has(brokerName)) return;
      if (mq.brokerName === brokerName) await this.takeLogged(mq);
    }
  }

  private async takeLogged(mq: MessageQueue): Promise<void> {
    try {
      await this.take(mq);
    } catch (error) {
      const { brokerName, topic, queueId } = mq;
      if (error instanceof RemotingTimeoutError) this.leaveForNow(brokerName);
      this.context.logger.warn(
        `Queue ${queueId} of topic ${topic} on ${brokerName} cannot be taken up, it is tried again: ${String(error)}`,
      );
    }
  }

  private async take(mq: MessageQueue): Promise<void> {
    const { offsetStore, processQueueTable, releasing, clock, pulled } = this.context;
    const key = messageQueueKey(mq);
    const queue = new ProcessQueue(mq, clock, pulled);
    if (releasing.has(key)) return this.retrySoon();
    if (this.needsLocks && !(await this.locker.lock(queue)))
      return queue.isLockRefused ? this.retrySoon() : this.leaveForNow(mq.brokerName);
    offsetStore.removeOffset(mq);
    const offset = await this.computePullFromWhere(mq);
    // Nobody else frees the lock of a queue that is not in the table.
    if (this.isStopped) return this.unlock(queue);
    processQueueTable.set(key, queue);
    this.onAssigned(queue, offset);
  }

  private leaveForNow(brokerName: string): void {
    this.silent.add(brokerName);
    this.retrySoon();
  }

  private async unlock({ mq }: ProcessQueue): Promise<void> {
    if (this.needsLocks) await this.locker.unlock(mq);
  }

  private retrySoon(): void {
    if (this.isStopped) return;
    this.context.clock.clearTimeout(this.retryTimer);
    this.retryTimer = this.context.clock.setTimeout(() => void this.doRebalance(), RETRY_INTERVAL);
  }

  /** The persisted offset, or where `consumeFromWhere` says (RebalancePushImpl#computePullFromWhereWithException). */
  async computePullFromWhere(mq: MessageQueue): Promise<number> {
    const { offsetStore, config, questions } = this.context;
    const persisted = await offsetStore.readOffset(mq);
    if (persisted >= 0) return persisted;
    switch (config.consumeFromWhere) {
      case 'CONSUME_FROM_FIRST_OFFSET':
        return 0;
      case 'CONSUME_FROM_LAST_OFFSET':
        return isRetryTopic(mq.topic) ? 0 : questions.maxOffset(mq);
      case 'CONSUME_FROM_TIMESTAMP':
        if (isRetryTopic(mq.topic)) return questions.maxOffset(mq);
        return questions.searchOffset(mq, this.consumeTimestamp);
    }
  }
}

function sortedQueues(topic: string, route: TopicRouteData): MessageQueue[] {
  return subscribeQueuesOf(topic, route).toSorted(compareMessageQueues);
}
