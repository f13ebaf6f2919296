import { nextTurn, type Timer } from '../../../common/clock.js';
import { deliverTimestamp } from '../../../common/delay-level.js';
import { LimitedLogger } from '../../../common/limited-logger.js';
import { decodeMessages } from '../../../common/message-decoder.js';
import type { MessageExt } from '../../../common/message-ext.js';
import { TopicNames } from '../../../common/topic-validator.js';
import type { DispatchRequest } from '../../store/dispatch-request.js';
import type { MessageExtBrokerInner } from '../../store/message-ext-broker-inner.js';
import type { BrokerController } from '../broker-controller.js';
import { DueDelivery } from '../due-delivery.js';
import { copyOf, destinationOf } from '../message-copy.js';
import { getMessage } from '../store-promises.js';
import type { DelayOffsetTable } from './delay-offset-table.js';

/** Messages of a level that are read together, and how often in a turn of the event loop. */
const READ_BATCH = 32;
const READS_OF_A_TURN = 8;
/** Messages, and bytes of their bodies, after which no more are stored with one flush: a slow one must not hold up many that are due. */
const GROUP_MESSAGES = 1024;
const GROUP_BYTES = 1024 * 1024;
/** Longest wait for a due time in milliseconds; a clock that is set is noticed after it. */
const MAX_WAIT = 1000;

/** The clock is set back when a due time is farther away by more ms than the level says; by less, messages wait until it is where it was. */
const MAX_SET_BACK = 60_000;

/**
 * Delivers messages of delay levels when they are due (ScheduleMessageService). Each level is one queue of the
 * schedule topic, in which due times only grow; a level without messages costs nothing.
 */
export class ScheduleMessageService {
  private readonly timers = new Map<number, Timer>();
  private readonly delivering = new Map<number, DueDelivery>();
  private readonly limited: LimitedLogger;
  private isStopped = false;
  private onIdle: (() => void) | undefined;

  constructor(
    private readonly broker: BrokerController,
    private readonly offsets: DelayOffsetTable,
  ) {
    this.limited = new LimitedLogger(broker.logger, broker.clock);
  }

  start(): void {
    const { store } = this.broker;
    for (let level = 1; level <= this.maxLevel(); level++) {
      const min = store.getMinOffsetInQueue(TopicNames.SCHEDULE, level - 1);
      const max = store.getMaxOffsetInQueue(TopicNames.SCHEDULE, level - 1);
      const offset = Math.min(Math.max(this.offsets.get(level), min), max);
      if (this.offsets.all().has(level)) this.logLost(level, this.offsets.get(level), min);
      if (offset !== this.offsets.get(level)) this.offsets.set(level, offset);
      this.deliver(level);
    }
  }

  /** Begins nothing more, and waits for what is being delivered: else it would come again after the next start. */
  async stop(): Promise<void> {
    this.isStopped = true;
    for (const timer of this.timers.values()) this.broker.clock.clearTimeout(timer);
    for (const delivery of this.delivering.values()) delivery.stop();
    if (this.delivering.size > 0) await new Promise<void>((resolve) => (this.onIdle = resolve));
  }

  /** Messages were added to the schedule topic, or to others. */
  onArriving(records: readonly DispatchRequest[]): void {
    for (const { queue } of records) {
      if (queue.topic !== TopicNames.SCHEDULE) continue;
      const level = queue.queueId + 1;
      if (!this.timers.has(level)) this.deliver(level);
    }
  }

  /** Levels that are configured, and those of which there are messages from an earlier configuration. */
  private maxLevel(): number {
    let max = this.broker.delayLevels.length;
    for (const [topic, maxQueueId] of this.broker.store.topics()) {
      if (topic === TopicNames.SCHEDULE) max = Math.max(max, maxQueueId + 1);
    }
    return max;
  }

  /** Delivers what is due, and comes back when the next message is. */
  private deliver(level: number): void {
    if (this.isStopped || this.delivering.has(level)) return;
    const wait = this.waitOf(level);
    if (wait === undefined) return;
    if (wait > 0) return this.deliverLater(level, Math.min(wait, MAX_WAIT));
    const { store, clock, logger } = this.broker;
    this.delivering.set(level, new DueDelivery(store, clock, logger));
    void this.deliverGroup(level, this.offsets.get(level));
  }

  private logLost(level: number, offset: number, min: number): void {
    if (offset >= min) return;
    this.broker.logger.error(
      `Delayed messages ${offset} to ${min - 1} of level ${level} are lost: their log file was deleted before they were delivered`,
    );
  }

  /** Milliseconds until a message is due, or until it can be tried again to find that out; undefined when there is none. */
  private waitOf(level: number, offset = this.offsets.get(level)): number | undefined {
    try {
      return this.timeUntilDue(level, offset);
    } catch (error) {
      this.limited.error(`Delayed messages wait: ${(error as Error).message}`);
      return MAX_WAIT;
    }
  }

  private timeUntilDue(level: number, offset: number): number | undefined {
    const { store, delayLevels } = this.broker;
    const tagsCode = store.getTagsCode(TopicNames.SCHEDULE, level - 1, offset);
    if (tagsCode === undefined) return undefined;
    const storedAt = () => store.getMessageStoreTimestamp(TopicNames.SCHEDULE, level - 1, offset);
    // Apache's broker may have an address in place of the time (enableConsumeQueueExt).
    const deliverAt = tagsCode < 0 ? deliverTimestamp(delayLevels, level, storedAt()) : tagsCode;
    const wait = deliverAt - this.broker.clock.now();
    // A due time farther away than the level says comes from a clock that ran ahead (#correctDeliverTimestamp).
    return wait > (delayLevels[level - 1] ?? wait) + MAX_SET_BACK ? 0 : wait;
  }

  private deliverLater(level: number, delay: number): void {
    const timer = this.broker.clock.setTimeout(() => {
      this.timers.delete(level);
      this.deliver(level);
    }, delay);
    this.timers.set(level, timer);
  }

  /** Stores what is due from an offset on under its real topic. */
  private async deliverGroup(level: number, offset: number): Promise<void> {
    const group: Group = { level, end: offset, bytes: 0, offsets: new Map() };
    for (let reads = 1; await this.gather(group); reads++)
      if (reads % READS_OF_A_TURN === 0) await nextTurn(this.broker.clock);
    const [firstLeft] = await this.delivering.get(level)!.deliver([...group.offsets.keys()]);
    const end = firstLeft === undefined ? group.end : group.offsets.get(firstLeft)!;
    this.finish(level, end, group.end === offset ? MAX_WAIT : 0);
  }

  /** Adds the next messages to the group; false when no more belong to it, or they cannot be read now. */
  private async gather(group: Group): Promise<boolean> {
    const { level, end, offsets } = group;
    const read = getMessage(this.broker.store, TopicNames.SCHEDULE, level - 1, end, READ_BATCH);
    const result = await read.catch(() => undefined);
    if (result === undefined) return false;
    if (result.status === 'OFFSET_TOO_SMALL') this.logLost(level, end, result.nextBeginOffset);
    const messages = decodeMessages(result.messages);
    const notDue = messages.find(({ queueOffset }) => (this.waitOf(level, queueOffset) ?? 0) > 0);
    group.end = notDue?.queueOffset ?? result.nextBeginOffset;
    for (const message of messages) {
      const real = message.queueOffset < group.end ? this.realMessage(message) : undefined;
      if (real === undefined) continue;
      offsets.set(real, message.queueOffset);
      group.bytes += real.body.length;
    }
    const isFull = offsets.size >= GROUP_MESSAGES || group.bytes >= GROUP_BYTES;
    return group.end > end && !isFull && !this.isStopped && (this.waitOf(level, group.end) ?? 1) <= 0;
  }

  private realMessage(message: MessageExt): MessageExtBrokerInner | undefined {
    const destination = destinationOf(message, this.broker);
    if (destination === undefined) {
      this.broker.logger.error(`Delayed message ${message.offsetMsgId} has no real topic and is dropped`);
      return undefined;
    }
    return copyOf(message, { ...destination, properties: message.properties });
  }

  private finish(level: number, offset: number, pause = 0): void {
    this.delivering.delete(level);
    if (offset !== this.offsets.get(level)) this.offsets.set(level, offset);
    if (!this.isStopped && pause > 0) this.deliverLater(level, pause);
    else if (!this.isStopped) this.deliver(level);
    else if (this.delivering.size === 0) this.onIdle?.();
  }
}

/** Messages of a level that are stored together. */
interface Group {
  readonly level: number;
  /** Behind the last one in the queue of the level. */
  end: number;
  bytes: number;
  /** Where each of them is there. */
  readonly offsets: Map<MessageExtBrokerInner, number>;
}
