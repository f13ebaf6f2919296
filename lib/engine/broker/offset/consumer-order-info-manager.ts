import type { Timer } from '../../../common/clock.js';
import { popRetryFlagOf } from '../../../common/extra-info.js';
import {
  asInteger,
  asObject,
  type FastjsonInput,
  type FastjsonObject,
  type FastjsonTable,
} from '../../../common/fastjson.js';
import type { PopInfo } from '../../../common/pop-info.js';
import type { BrokerConfig } from '../broker-config.js';
import { ConfigManager, type ConfigManagerOptions } from '../../config-manager.js';
import { TOPIC_GROUP_SEPARATOR } from './consumer-offset-manager.js';
import { OrderInfo } from './order-info.js';

/** Milliseconds after which a portion is forgotten that nobody goes on with (CLEAN_SPAN_FROM_LAST). */
const MAX_AGE = 24 * 3_600_000;
/** Longest wait for a portion in milliseconds; a clock that is set is noticed after it. */
const MAX_WAIT = 1000;

/** What is popped in order from one queue. */
export interface OrderedPop {
  readonly topic: string;
  readonly consumerGroup: string;
  readonly queueId: number;
  readonly attemptId: string | undefined;
  /** In ms. */
  readonly invisibleTime: number;
  /** Milliseconds since the epoch. */
  readonly popTime: number;
  readonly offsets: readonly number[];
}

export interface OrderInfoCallbacks {
  /** A group may go on with a queue, because the time of its portion is over. */
  readonly onFree: (topic: string, group: string, queueId: number) => void;
  /** Whether there still are such a topic with this queue, and such a group. */
  readonly isKnown: (topic: string, group: string, queueId: number) => boolean;
}

/** Which portion of each queue a group pops in order (ConsumerOrderInfoManager), kept in `config/consumerOrderInfo.json`. */
export class ConsumerOrderInfoManager extends ConfigManager {
  /** `topic@group` to queue id. */
  private readonly table = new Map<string, Map<number, OrderInfo>>();
  private readonly timers = new Map<string, Timer>();

  constructor(
    options: ConfigManagerOptions,
    config: BrokerConfig,
    private readonly callbacks: OrderInfoCallbacks,
  ) {
    super(options, 'consumerOrderInfo.json', config.flushConsumerOffsetInterval);
  }

  /** Notes a portion; returns how often its messages were delivered before, as the consumer is told. */
  update(pop: OrderedPop): PopInfo[] {
    const { topic, consumerGroup, queueId, attemptId, popTime, invisibleTime, offsets } = pop;
    const key = topic + TOPIC_GROUP_SEPARATOR + consumerGroup;
    const queues = this.table.get(key) ?? new Map<number, OrderInfo>();
    const previous = queues.get(queueId);
    const info = new OrderInfo(attemptId, popTime, invisibleTime, offsets, this.clock.now());
    if (previous !== undefined) info.mergeConsumedCounts(previous);
    this.table.set(key, queues.set(queueId, info));
    this.onChanged(topic, consumerGroup, queueId, info);
    return countInfos(topic, queueId, info);
  }

  /** Whether the queue waits for its last portion. The attempt that got it gets it again. */
  checkBlock(attemptId: string | undefined, topic: string, group: string, queueId: number): boolean {
    const info = this.find(topic, group, queueId);
    if (info === undefined || (info.attemptId !== undefined && info.attemptId === attemptId)) return false;
    return info.freeAt(this.clock.now()) !== undefined;
  }

  /** An administrator has set the offset. */
  clearBlock(topic: string, group: string, queueId: number): void {
    if (this.table.get(topic + TOPIC_GROUP_SEPARATOR + group)?.delete(queueId)) this.changed();
  }

  /**
   * Acknowledges a message; returns from which offset on the group goes on, -1 when the message is none of the portion, and -2
   * when it was popped again meanwhile; undefined when no portion is known.
   */
  commitAndNext(
    topic: string,
    group: string,
    queueId: number,
    offset: number,
    popTime: number,
  ): number | undefined {
    const info = this.find(topic, group, queueId);
    if (info === undefined) return undefined;
    if (popTime !== info.popTime) return -2;
    if (!info.acknowledge(offset)) return -1;
    this.onChanged(topic, group, queueId, info);
    return info.nextOffset;
  }

  /** Changes when a message of the portion is free again. */
  updateNextVisibleTime(
    topic: string,
    group: string,
    queueId: number,
    offset: number,
    popTime: number,
    nextVisibleTime: number,
  ): void {
    const info = this.find(topic, group, queueId);
    if (info === undefined || popTime !== info.popTime || !info.offsets.includes(offset)) return;
    info.nextVisibleTimes.set(offset, nextVisibleTime);
    this.onChanged(topic, group, queueId, info);
  }

  override close(): Promise<void> {
    for (const timer of this.timers.values()) this.clock.clearTimeout(timer);
    return super.close();
  }

  protected encode(): FastjsonTable {
    const table = new Map<string, FastjsonInput>();
    for (const [key, queues] of this.table) {
      this.clean(key, queues);
      if (queues.size === 0) this.table.delete(key);
      else table.set(key, new Map([...queues].map(([queueId, info]) => [queueId, info.encode()])));
    }
    return { table };
  }

  protected decode(object: FastjsonObject): void {
    for (const [key, queues] of asObject(object.get('table') ?? new Map())) {
      const loaded = new Map<number, OrderInfo>();
      const [topic = '', group = ''] = key.split(TOPIC_GROUP_SEPARATOR);
      for (const [queueId, fields] of asObject(queues)) {
        const info = OrderInfo.decode(asObject(fields));
        if (info === undefined) continue;
        loaded.set(asInteger(queueId), info);
        this.wakeWhenFree(topic, group, asInteger(queueId), info);
      }
      this.table.set(key, loaded);
    }
  }

  private find(topic: string, group: string, queueId: number): OrderInfo | undefined {
    return this.table.get(topic + TOPIC_GROUP_SEPARATOR + group)?.get(queueId);
  }

  private onChanged(topic: string, group: string, queueId: number, info: OrderInfo): void {
    this.changed();
    this.wakeWhenFree(topic, group, queueId, info);
  }

  private wakeWhenFree(topic: string, group: string, queueId: number, info: OrderInfo): void {
    const key = [topic, group, queueId].join(TOPIC_GROUP_SEPARATOR);
    this.clock.clearTimeout(this.timers.get(key));
    this.timers.delete(key);
    const now = this.clock.now();
    const freeAt = info.freeAt(now);
    if (freeAt === undefined) return;
    const look = () => {
      this.timers.delete(key);
      this.lookAgain(topic, group, queueId);
    };
    this.timers.set(key, this.clock.setTimeout(look, Math.min(freeAt - now, MAX_WAIT)));
  }

  /** A timer may be early: a pop that is woken while the queue is blocked would be held until its poll ends. */
  private lookAgain(topic: string, group: string, queueId: number): void {
    const info = this.find(topic, group, queueId);
    if (info?.freeAt(this.clock.now()) === undefined) this.callbacks.onFree(topic, group, queueId);
    else this.wakeWhenFree(topic, group, queueId, info);
  }

  private clean(key: string, queues: Map<number, OrderInfo>): void {
    const [topic = '', group = ''] = key.split(TOPIC_GROUP_SEPARATOR);
    for (const [queueId, { lastConsumeTimestamp }] of queues) {
      const isOld = this.clock.now() - lastConsumeTimestamp > MAX_AGE;
      if (isOld || !this.callbacks.isKnown(topic, group, queueId)) queues.delete(queueId);
    }
  }
}

/** The count of each message that has one, and the lowest of all for consumers that know only that. */
function countInfos(topic: string, queueId: number, { consumedCounts, offsets }: OrderInfo): PopInfo[] {
  const counts = [...(consumedCounts ?? [])];
  const retry = popRetryFlagOf(topic);
  const lowest = counts.length === offsets.length ? Math.min(...counts.map(([, count]) => count)) : 0;
  return [
    ...counts.map(([offset, count]) => ({ retry, queue: `qo${queueId}%${offset}`, value: `${count}` })),
    { retry, queue: `${queueId}`, value: `${lowest}` },
  ];
}
