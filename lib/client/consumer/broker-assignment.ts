import { messageQueueKey, type MessageQueue } from '../../common/message-queue.js';
import { isRetryTopic, popRetryTopicV1Of } from '../../common/mix-all.js';
import { MQBrokerError } from '../../errors/mq-broker.error.js';
import type { MessageQueueAssignment } from '../../remoting/body/query-assignment.js';
import type { TopicRouteData } from '../../remoting/body/topic-route-data.js';
import { RequestCode } from '../../remoting/request-code.js';
import { ResponseCode } from '../../remoting/response-code.js';
import { allocationStrategy } from '../allocate/allocation-strategies.js';
import { askAnyBroker } from './ask-any-broker.js';
import type { ConsumerContext } from './consumer-context.js';
import { PopProcessQueue } from './pop-process-queue.js';

/** Milliseconds that a broker has to say it (RebalanceImpl, `QUERY_ASSIGNMENT_TIMEOUT`). */
const QUERY_ASSIGNMENT_TIMEOUT = 3000;
/** Milliseconds without a pop after which an assignment is taken up anew (`rocketmq.client.pull.pullMaxIdleTime`). */
const POP_MAX_IDLE_TIME = 120_000;

/** What the assignments of brokers change in a consumer. */
export interface AssignmentOwner {
  /** A queue, or all of a topic in a broker, was given to this consumer: popping begins. */
  onPopAssigned(queue: PopProcessQueue): void;
  subscribePopRetry(retryTopic: string): void;
  unsubscribePopRetry(retryTopic: string): void;
}

/** Queues as their broker shares them out, for a consumer with `clientRebalance: false` (RebalanceImpl#getRebalanceResultFromBroker). */
export class BrokerAssignment {
  /** Whether brokers know the request; before version 5 they do not. */
  isSupported = true;
  /** What is popped of each topic, by its key. */
  private readonly keysOf = new Map<string, ReadonlySet<string>>();

  constructor(
    private readonly context: ConsumerContext,
    private readonly owner: AssignmentOwner,
  ) {}

  /**
   * Takes up what the brokers say is to be popped; returns the queues to pull from. Undefined when they cannot say it now: then
   * everything stays as it is. When they do not know the request, `isSupported` is false afterwards.
   */
  async update(topic: string, route: TopicRouteData): Promise<readonly MessageQueue[] | undefined> {
    const assignments = await this.query(topic, route);
    if (assignments === undefined) return undefined;
    const [pulled, popped] = (['PULL', 'POP'] as const).map((mode) => queuesOf(assignments, mode));
    this.updatePopped(topic, popped!);
    if (!isRetryTopic(topic)) this.updateRetryTopic(topic, pulled!.length > 0, popped!.length > 0);
    return pulled!;
  }

  /** Pops no more of anything. */
  drop(): void {
    for (const [key, queue] of this.context.popProcessQueueTable) this.dropOne(key, queue);
  }

  private dropOne(key: string, queue: PopProcessQueue): void {
    queue.drop();
    this.context.popProcessQueueTable.delete(key);
  }

  private async query(
    topic: string,
    { brokerDatas }: TopicRouteData,
  ): Promise<readonly MessageQueueAssignment[] | undefined> {
    const { instance, config } = this.context;
    const { consumerGroup, messageModel, allocateMessageQueueStrategy } = config;
    const { name: strategyName } = allocationStrategy(allocateMessageQueueStrategy);
    const body = { topic, consumerGroup, clientId: instance.clientId, strategyName, messageModel };
    const request = { code: RequestCode.QUERY_ASSIGNMENT, header: undefined, body };
    const ask = (address: string) => instance.requestFrom(address, request, QUERY_ASSIGNMENT_TIMEOUT);
    try {
      return (await askAnyBroker(instance, brokerDatas, ask))?.body!.messageQueueAssignments;
    } catch (error) {
      const isUnknown =
        error instanceof MQBrokerError && error.responseCode === ResponseCode.REQUEST_CODE_NOT_SUPPORTED;
      if (!isUnknown) throw error;
      this.fallBack(error.brokerAddr!);
      return undefined;
    }
  }

  private fallBack(address: string): void {
    this.isSupported = false;
    this.drop();
    this.context.logger.warn(
      `Broker ${address} does not share queues out: group ${this.context.config.consumerGroup} does it itself, as with clientRebalance: true`,
    );
  }

  private updatePopped(topic: string, share: readonly MessageQueue[]): void {
    const { popProcessQueueTable, clock } = this.context;
    const keys = new Set(share.map(messageQueueKey));
    const oldest = clock.monotonicNow() - POP_MAX_IDLE_TIME;
    for (const key of this.keysOf.get(topic) ?? []) {
      const queue = popProcessQueueTable.get(key);
      if (queue !== undefined && !(keys.has(key) && queue.lastPopAt >= oldest)) this.dropOne(key, queue);
    }
    if (keys.size > 0) this.keysOf.set(topic, keys);
    else this.keysOf.delete(topic);
    for (const mq of share) {
      if (popProcessQueueTable.has(messageQueueKey(mq))) continue;
      const queue = new PopProcessQueue(mq, clock);
      popProcessQueueTable.set(messageQueueKey(mq), queue);
      this.owner.onPopAssigned(queue);
    }
  }

  /** What was popped and comes again waits in a topic of its own, from which nobody pops when the topic is pulled from. */
  private updateRetryTopic(topic: string, isPulled: boolean, isPopped: boolean): void {
    const { popRetryTopics, config } = this.context;
    const retryTopic = popRetryTopicV1Of(topic, config.consumerGroup);
    if (isPulled && !isPopped && !popRetryTopics.has(retryTopic)) {
      popRetryTopics.set(retryTopic, topic);
      this.owner.subscribePopRetry(retryTopic);
    } else if (isPopped && !isPulled && popRetryTopics.delete(retryTopic)) {
      this.owner.unsubscribePopRetry(retryTopic);
    }
  }
}

function queuesOf(assignments: readonly MessageQueueAssignment[], wanted: 'PULL' | 'POP'): MessageQueue[] {
  return assignments.filter(({ mode }) => mode === wanted).map(({ messageQueue }) => messageQueue);
}
