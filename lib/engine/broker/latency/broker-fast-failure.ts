import { whenOverdue } from '../../../common/clock.js';
import { LimitedLogger } from '../../../common/limited-logger.js';
import type { PopMessageRequestHeader } from '../../../remoting/header/pop-message-request-header.js';
import type { PullMessageRequestHeader } from '../../../remoting/header/pull-message-request-header.js';
import type { RemotingRequest } from '../../../remoting/remoting-command.js';
import { RequestCode } from '../../../remoting/request-code.js';
import type { BrokerController } from '../broker-controller.js';
import { popQueues } from '../pop/pop-queues.js';
import { RequestQueue, type RequestQueueOptions } from './request-queue.js';

/** Milliseconds between looks at what waits. */
const SCAN_INTERVAL = 10;

/** Holds requests back while the disk is behind, and refuses those that would wait too long (BrokerFastFailure). */
export class BrokerFastFailure {
  readonly sends: RequestQueue;
  readonly endTransactions: RequestQueue;
  /** Of messages that were popped. */
  readonly acks: RequestQueue;
  readonly pulls: RequestQueue;
  private readonly queues: readonly RequestQueue[];
  private cancelScan: (() => void) | undefined;
  private refusedCount = 0;
  private readonly limited: LimitedLogger;

  constructor(private readonly broker: BrokerController) {
    this.limited = new LimitedLogger(broker.logger, broker.clock);
    const { config, topics } = broker;
    const { maxPendingMessages } = broker.storeConfig;
    const isStoreBusy = (): boolean => broker.store.isBusy || topics.waitingCount >= maxPendingMessages;
    const isStoreStuck = (): boolean => broker.store.isOSPageCacheBusy;
    this.sends = this.newQueue({
      capacity: config.sendThreadPoolQueueCapacity,
      waitTimeMills: config.waitTimeMillsInSendQueue,
      isBusy: () => isStoreBusy() || isStoreStuck(),
      isStuck: isStoreStuck,
    });
    this.endTransactions = this.newQueue({
      capacity: config.endTransactionPoolQueueCapacity,
      waitTimeMills: config.waitTimeMillsInTransactionQueue,
      isBusy: isStoreBusy,
      isStuck: () => false,
    });
    this.acks = this.newQueue({
      capacity: config.ackThreadPoolQueueCapacity,
      waitTimeMills: config.waitTimeMillsInAckQueue,
      isBusy: isStoreBusy,
      isStuck: () => false,
    });
    this.pulls = this.newQueue({
      capacity: config.pullThreadPoolQueueCapacity,
      waitTimeMills: config.waitTimeMillsInPullQueue,
      isBusy: () => broker.store.isReadBusy,
      isStuck: () => false,
      needsNothing: (request) => this.isAtHand(request),
    });
    // Sends come last: they would leave no room for what ends something as long as the disk is behind.
    this.queues = [this.endTransactions, this.acks, this.sends, this.pulls];
  }

  /** Carries out what there is room for now. */
  takeUp(): void {
    if (this.cancelScan === undefined) return;
    for (const queue of this.queues) queue.takeUp();
  }

  /** The store takes nothing any more, and says so to everyone who waits. */
  stop(): void {
    this.cancelScan?.();
    for (const queue of this.queues) queue.flush();
  }

  /** A consumer that keeps up does not wait for those that are behind. */
  private isAtHand({ code, header }: RemotingRequest): boolean {
    try {
      if (code === RequestCode.POP_MESSAGE) return this.isPopAtHand(header as PopMessageRequestHeader);
      if (code !== RequestCode.PULL_MESSAGE) return false;
      const { topic, queueId, queueOffset } = header as PullMessageRequestHeader;
      return this.broker.store.isAtHand(topic, queueId, queueOffset);
    } catch {
      return false;
    }
  }

  /** It may read any of its queues. */
  private isPopAtHand(header: PopMessageRequestHeader): boolean {
    const { store, offsets } = this.broker;
    return popQueues(this.broker, header, header.order).every(({ topic, queueId }) =>
      store.isAtHand(topic, queueId, offsets.queryOffset(header.consumerGroup, topic, queueId) ?? 0),
    );
  }

  private newQueue(
    limits: Omit<RequestQueueOptions, 'clock' | 'maxBytes' | 'onWaiting' | 'onRefused'>,
  ): RequestQueue {
    const { clock, storeConfig } = this.broker;
    return new RequestQueue({
      ...limits,
      clock,
      maxBytes: storeConfig.maxPendingBytes,
      onWaiting: () => this.arm(),
      onRefused: () => this.noteRefused(),
    });
  }

  private arm(): void {
    this.cancelScan ??= whenOverdue(this.broker.clock, SCAN_INTERVAL, () => this.scan());
  }

  private scan(): void {
    this.takeUp();
    this.cancelScan = undefined;
    if (this.broker.config.brokerFastFailureEnable) for (const queue of this.queues) queue.clean();
    if (this.queues.some(({ size }) => size > 0)) this.arm();
  }

  private noteRefused(): void {
    this.refusedCount++;
    this.limited.warn(
      `The disk is behind: requests are refused as SYSTEM_BUSY (${this.refusedCount} since the start)`,
    );
  }
}
