import { messageQueueKey, type MessageQueue } from '../../common/message-queue.js';
import { RequestCode } from '../../remoting/request-code.js';
import { consumeTimeoutMillis } from './consumer-config.js';
import type { ConsumerContext } from './consumer-context.js';
import type { ProcessQueue } from './process-queue.js';

/** Holds the locks of queues that are consumed in order (RebalanceImpl#lock, #lockAll, #unlock). */
export class QueueLocker {
  /** Called with a queue of the consumer that another client may have had meanwhile. */
  onLost: (queue: ProcessQueue) => void = () => {};

  constructor(private readonly context: ConsumerContext) {}

  /** Takes or renews the lock of one queue; whether this client has it now. */
  async lock(queue: ProcessQueue): Promise<boolean> {
    await this.lockQueues(queue.mq.brokerName, [queue]);
    return queue.isLocked;
  }

  /** Renews the locks of all queues. */
  async lockAll(): Promise<void> {
    const queues = [...this.context.processQueues(), ...this.busyQueues()];
    await Promise.all(
      [...byBroker(queues)].map(([brokerName, ofBroker]) => this.lockQueues(brokerName, ofBroker)),
    );
  }

  /**
   * Those that were taken away while a message of them is handled: nobody else gets it. A call that does not end keeps them no
   * longer than `consumeTimeout`.
   */
  private busyQueues(): ProcessQueue[] {
    const { clock, config, releasing } = this.context;
    const oldest = clock.monotonicNow() - consumeTimeoutMillis(config);
    return [...releasing.values()].filter(({ isConsuming, droppedAt }) => isConsuming && droppedAt > oldest);
  }

  async unlock(mq: MessageQueue): Promise<void> {
    await this.unlockQueues(mq.brokerName, [mq]);
  }

  async unlockAll(): Promise<void> {
    await Promise.all(
      [...byBroker(this.context.processQueues())].map(([brokerName, queues]) =>
        this.unlockQueues(
          brokerName,
          queues.map(({ mq }) => mq),
        ),
      ),
    );
  }

  private async lockQueues(brokerName: string, queues: readonly ProcessQueue[]): Promise<void> {
    const { instance, logger, clock } = this.context;
    const askedAt = clock.monotonicNow();
    // Slaves give no locks.
    if (instance.findBrokerAddressInPublish(brokerName) === undefined) return;
    const body = this.body(queues.map(({ mq }) => mq));
    try {
      const request = { code: RequestCode.LOCK_BATCH_MQ, header: undefined, body };
      const { body: answer } = await instance.request(brokerName, request);
      const locked = new Set(answer!.lockOKMQSet.map(messageQueueKey));
      for (const queue of queues) this.note(queue, locked.has(messageQueueKey(queue.mq)), askedAt);
    } catch (error) {
      logger.warn(`Queues of broker ${brokerName} cannot be locked: ${String(error)}`);
    }
  }

  private note(queue: ProcessQueue, isLocked: boolean, askedAt: number): void {
    queue.setLocked(isLocked, askedAt);
    const isOwn = this.context.processQueueTable.get(messageQueueKey(queue.mq)) === queue;
    if (isOwn && queue.isLockLost) this.onLost(queue);
  }

  private async unlockQueues(brokerName: string, mqSet: readonly MessageQueue[]): Promise<void> {
    const request = { code: RequestCode.UNLOCK_BATCH_MQ, header: undefined, body: this.body(mqSet) };
    await this.context.instance
      .request(brokerName, request)
      .catch((error) =>
        this.context.logger.warn(`Queues of broker ${brokerName} cannot be unlocked: ${String(error)}`),
      );
  }

  private body(mqSet: readonly MessageQueue[]) {
    const { config, instance } = this.context;
    return { consumerGroup: config.consumerGroup, clientId: instance.clientId, mqSet };
  }
}

function byBroker(queues: Iterable<ProcessQueue>): Map<string, ProcessQueue[]> {
  const table = new Map<string, ProcessQueue[]>();
  for (const queue of queues) {
    const { brokerName } = queue.mq;
    table.set(brokerName, [...(table.get(brokerName) ?? []), queue]);
  }
  return table;
}
