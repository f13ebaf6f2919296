import { epochMillisOf } from '../../common/clock.js';
import { messageQueueKey, type MessageQueue } from '../../common/message-queue.js';
import type { MessageExt } from '../../common/message-ext.js';
import type { ConsumeMessageDirectlyResult } from '../../remoting/body/consume-message-directly-result.js';
import type {
  ConsumerRunningInfo,
  PopProcessQueueInfo,
  ProcessQueueInfo,
} from '../../remoting/body/consumer-running-info.js';
import type { ConsumeType } from '../../remoting/body/heartbeat-data.js';
import { MQClientError } from '../../errors/mq-client.error.js';
import type { ConsumeMessageService } from './consume-message-service.js';
import type { ConsumerContext } from './consumer-context.js';
import type { PopProcessQueue } from './pop-process-queue.js';
import type { ProcessQueue } from './process-queue.js';

const MIB = 1024 * 1024;

/** What administrators ask of a consumer through its broker (DefaultMQPushConsumerImpl). */
export class ConsumerAdmin {
  private readonly startTimestamp: number;

  constructor(
    private readonly context: ConsumerContext,
    private readonly consumeService: Pick<ConsumeMessageService, 'consumeMessageDirectly'>,
    private readonly resetQueue: (queue: ProcessQueue, offset: number) => Promise<void>,
    private readonly consumeType: ConsumeType = 'CONSUME_PASSIVELY',
  ) {
    this.startTimestamp = context.clock.now();
  }

  /** What the consumer is and does (#consumerRunningInfo). */
  runningInfo(): ConsumerRunningInfo {
    const subscriptionSet = [...this.context.subscriptions.values()];
    const queues = [...this.context.processQueues()];
    return {
      properties: this.properties(),
      subscriptionSet,
      mqTable: new Map(queues.map((queue) => [queue.mq, this.infoOf(queue)])),
      mqPopTable: new Map(
        [...this.context.popProcessQueueTable.values()].map((queue) => [queue.mq, this.popInfoOf(queue)]),
      ),
      statusTable: new Map(
        subscriptionSet.map(({ topic }) => [topic, this.context.stats.consumeStatus(topic)]),
      ),
      userConsumerInfo: new Map(),
    };
  }

  /** Calls the listener with a message, and reports what came of it. */
  consumeMessageDirectly(message: MessageExt): Promise<ConsumeMessageDirectlyResult> {
    return this.consumeService.consumeMessageDirectly(message);
  }

  /**
   * Goes on at other offsets, in the queues that this consumer has (MQClientInstance#resetOffset).
   *
   * @throws MQClientError for a topic from which messages are popped: its offsets are the broker's.
   */
  async resetOffset(topic: string, offsetTable: ReadonlyMap<MessageQueue, number>): Promise<void> {
    for (const { mq } of this.context.popProcessQueueTable.values()) {
      if (mq.topic === topic)
        throw new MQClientError(offsetOfBroker(this.context.config.consumerGroup, topic));
    }
    const offsets = new Map([...offsetTable].map(([mq, offset]) => [messageQueueKey(mq), offset]));
    const resets: Promise<void>[] = [];
    for (const queue of this.context.processQueues()) {
      const offset = offsets.get(messageQueueKey(queue.mq));
      if (queue.mq.topic === topic && offset !== undefined) resets.push(this.resetQueue(queue, offset));
    }
    await Promise.all(resets);
  }

  /** How far the queues of a topic are (MQClientInstance#getConsumerStatus). */
  consumerStatus(topic: string): ReadonlyMap<MessageQueue, number> {
    const queues = [...this.context.processQueues()].filter(({ mq }) => mq.topic === topic);
    const offsets = queues.map(({ mq }) => [mq, this.context.offsetStore.memoryOffset(mq)] as const);
    return new Map(offsets.filter(([, offset]) => offset >= 0));
  }

  private properties(): ReadonlyMap<string, string> {
    const { config, instance } = this.context;
    const options = Object.entries(config).filter(([, value]) => value !== undefined);
    return new Map([
      ...options.map(([name, value]): [string, string] => [
        name,
        typeof value === 'object' ? JSON.stringify(value) : String(value),
      ]),
      ['instanceName', instance.config.instanceName],
      ['PROP_NAMESERVER_ADDR', instance.namesrvAddrs.join(';')],
      ['PROP_THREADPOOL_CORE_SIZE', String(config.consumeThreadNumber)],
      ['PROP_CONSUMEORDERLY', String(config.consumeOrderly)],
      ['PROP_CONSUME_TYPE', this.consumeType],
      ['PROP_CLIENT_VERSION', 'V5_3_3'],
      ['PROP_CONSUMER_START_TIMESTAMP', String(this.startTimestamp)],
    ]);
  }

  private popInfoOf({ waitAckCount, dropped, lastPopAt }: PopProcessQueue): PopProcessQueueInfo {
    const lastPopTimestamp = epochMillisOf(this.context.clock, lastPopAt);
    return { waitAckCount, droped: dropped, lastPopTimestamp };
  }

  private infoOf(queue: ProcessQueue): ProcessQueueInfo {
    const { min, max } = queue.bounds;
    return {
      commitOffset: this.context.offsetStore.memoryOffset(queue.mq),
      cachedMsgMinOffset: min,
      cachedMsgMaxOffset: max,
      cachedMsgCount: queue.count,
      cachedMsgSizeInMiB: Math.floor(queue.size / MIB),
      transactionMsgMinOffset: 0,
      transactionMsgMaxOffset: 0,
      transactionMsgCount: 0,
      locked: queue.isLocked,
      tryUnlockTimes: 0,
      lastLockTimestamp: queue.lastLockTimestamp,
      droped: queue.dropped,
      lastPullTimestamp: epochMillisOf(this.context.clock, queue.lastPullAt),
      lastConsumeTimestamp: queue.lastConsumeTimestamp,
    };
  }
}

function offsetOfBroker(group: string, topic: string): string {
  return `Group ${group} pops from topic ${topic}, so its offsets are the broker's: reset them there, or set the mode of the group to PULL`;
}
