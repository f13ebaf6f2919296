import { LimitedLogger } from '../../../common/limited-logger.js';
import { REVIVE_QUEUES } from '../../../common/mix-all.js';
import type { BrokerController } from '../broker-controller.js';
import type { ConfigManagerOptions } from '../../config-manager.js';
import { PopLongPollingService } from '../longpolling/pop-long-polling-service.js';
import { ConsumerOrderInfoManager } from '../offset/consumer-order-info-manager.js';
import type { DispatchRequest } from '../../store/dispatch-request.js';
import { PopInflight } from './pop-inflight.js';
import { PopOrderly } from './pop-orderly.js';
import { PopOffsets } from './pop-offsets.js';
import { PopReviveService } from './pop-revive-service.js';
import { QueueLocks } from './queue-locks.js';
import { ReviveTopic } from './revive-topic.js';

/** Everything about messages that are shared out one by one: what is popped, who waits, what comes back. */
export class PopService {
  readonly reviveTopic: ReviveTopic;
  readonly polling: PopLongPollingService;
  /** Those who wait to be told that there is something to pop. */
  readonly notifications: PopLongPollingService;
  readonly inflight: PopInflight;
  readonly locks = new QueueLocks();
  /** Locked queues that somebody found locked who waits now. */
  readonly bumped = new Set<string>();
  readonly offsets: PopOffsets;
  readonly orders: ConsumerOrderInfoManager;
  readonly orderly: PopOrderly;
  private readonly reviveService: PopReviveService;
  private readonly limited: LimitedLogger;
  private popCount = 0;

  constructor(
    private readonly broker: BrokerController,
    tableOptions: ConfigManagerOptions,
    deliveredUntil: () => number,
  ) {
    const { config, clock, logger } = broker;
    this.limited = new LimitedLogger(logger, clock);
    this.reviveTopic = new ReviveTopic(broker);
    this.polling = new PopLongPollingService(clock, config);
    this.notifications = new PopLongPollingService(clock, config);
    const onFree = (group: string) => this.polling.wakeGroup(group);
    this.inflight = new PopInflight(config.popInflightMessageThreshold, onFree);
    this.orders = new ConsumerOrderInfoManager(tableOptions, config, {
      onFree: (topic, group, queueId) => this.notify(topic, group, queueId),
      isKnown: (topic, group, queueId) =>
        queueId < (broker.topics.selectTopicConfig(topic)?.readQueueNums ?? 0) &&
        broker.groups.containsSubscriptionGroup(group),
    });
    this.offsets = new PopOffsets(broker, (topic, group, queueId) =>
      this.orders.clearBlock(topic, group, queueId),
    );
    this.orderly = new PopOrderly(broker, this);
    this.reviveService = new PopReviveService(broker, this.reviveTopic.name, deliveredUntil, (point) =>
      this.inflight.end(point),
    );
  }

  start(): void {
    if (this.broker.storeConfig.timerWheelEnable) this.reviveService.start();
  }

  onArriving(records: readonly DispatchRequest[]): void {
    this.reviveService.onArriving(records);
    this.polling.notifyMessageArriving(records);
    this.notifications.notifyMessageArriving(records);
  }

  async stop(): Promise<void> {
    this.polling.close();
    this.notifications.close();
    await this.reviveService.stop();
  }

  /** There is something for a group in a queue that was not there before. */
  notify(topic: string, group: string, queueId: number): void {
    this.polling.wakeForQueue(topic, group, queueId);
    this.notifications.wakeForQueue(topic, group, queueId);
  }

  /** Whoever waits for messages of it is told. */
  onTopicDeleted(topic: string): void {
    this.inflight.clear(topic);
    this.polling.wakeTopic(topic);
    this.notifications.wakeTopic(topic);
  }

  /** What cannot be read now may fail with every request. */
  logFailure(what: string, error: Error): void {
    this.limited.error(`${what} failed: ${error.stack}`);
  }

  /** Check points go to the queues of the revive topic in turn. */
  nextReviveQid(): number {
    return this.popCount++ % REVIVE_QUEUES;
  }
}
