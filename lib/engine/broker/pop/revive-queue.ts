import { LimitedLogger } from '../../../common/limited-logger.js';
import { decodeMessages } from '../../../common/message-decoder.js';
import { MessageConst } from '../../../common/message-const.js';
import type { MessageExt } from '../../../common/message-ext.js';
import type { BrokerController } from '../broker-controller.js';
import { getMessage } from '../store-promises.js';
import {
  decodeAck,
  decodeCheckPoint,
  isAhead,
  mergeKeyOf,
  offsetsOf,
  reviveTimeOf,
  type AckMsg,
  type PopCheckPoint,
} from './pop-check-point.js';
import { ACK_TAG, BATCH_ACK_TAG, CK_TAG } from './revive-topic.js';

/** The group whose offsets say up to where the revive topic is worked off (PopAckConstants). */
const REVIVE_GROUP = 'CID_RMQ_SYS_REVIVE_GROUP';
/** Records that are read, and check points that are worked off together. */
const BATCH = 32;
/** Check points that are kept in mind before the first of them are worked off. */
const MAX_OPEN = 10_000;
/** Acknowledgements that come so many ms too late still count (PopReviveService#mergeAndRevive). */
const GRACE = 2000;

/** A check point that was read, and whose time may not be over. */
export interface OpenPoint {
  readonly point: PopCheckPoint;
  /** Of its record in the revive topic. */
  readonly reviveOffset: number;
  /** Messages that are neither acknowledged nor revived. */
  readonly open: Set<number>;
  hasFailed: boolean;
  /** When it was noticed that the clock was set back after the pop, in the time of `Clock.monotonicNow`: from then on its time counts. */
  aheadSince?: number;
}

/** One queue of the revive topic: what was read of it and is not worked off (PopReviveService). */
export class ReviveQueue {
  /** In the order of their records. */
  private readonly points = new Map<string, OpenPoint>();
  private nextOffset = 0;
  /** The highest time at which a record that was read was due, in milliseconds since the epoch. */
  private newestDeliverMs = 0;
  private isStopped = false;
  private readonly limited: LimitedLogger;

  constructor(
    private readonly broker: BrokerController,
    private readonly topic: string,
    private readonly queueId: number,
  ) {
    this.limited = new LimitedLogger(broker.logger, broker.clock);
  }

  /** Takes up where the last run ended; a store that lost its end has less than was worked off, up to `max`. */
  load(max = this.broker.store.getMaxOffsetInQueue(this.topic, this.queueId)): void {
    const { store, offsets } = this.broker;
    const committed = offsets.queryOffset(REVIVE_GROUP, this.topic, this.queueId) ?? -1;
    const min = store.getMinOffsetInQueue(this.topic, this.queueId);
    this.nextOffset = Math.min(Math.max(committed + 1, min), max);
  }

  get isIdle(): boolean {
    return this.points.size === 0 && this.isRead;
  }

  /** Reads on, and works off what is due; `deliveredUntil` is how far the timers have come. */
  async workOff(deliveredUntil: number, revive: (point: OpenPoint) => Promise<boolean>): Promise<void> {
    const end = this.broker.store.getMaxOffsetInQueue(this.topic, this.queueId);
    while (!this.isStopped) {
      while (this.nextOffset < end && this.points.size < MAX_OPEN && !this.isStopped) await this.readOn();
      const isRead = this.nextOffset >= end;
      // Behind what was read there may be acknowledgements of what is due later.
      const known = isRead ? deliveredUntil : Math.min(this.newestDeliverMs, deliveredUntil);
      const isStuck = !(await this.workOffDue(known, revive));
      this.commit();
      if (isRead || isStuck) return;
      if (this.points.size >= MAX_OPEN) await this.readOn();
    }
  }

  /** Reads nothing more. */
  stop(): void {
    this.isStopped = true;
  }

  /** False when none of those that are due could be worked off, as while the store takes nothing. */
  private async workOffDue(known: number, revive: (point: OpenPoint) => Promise<boolean>): Promise<boolean> {
    const now = this.broker.clock.now();
    const due = [...this.points].filter(([, entry]) => this.isDue(entry, known, now));
    const before = this.points.size;
    for (let start = 0; start < due.length; start += BATCH) {
      const work = due.slice(start, start + BATCH).map(async ([key, entry]) => {
        if (await revive(entry)) this.points.delete(key);
      });
      await Promise.all(work);
    }
    return due.length === 0 || this.points.size < before;
  }

  private isDue(entry: OpenPoint, known: number, now: number): boolean {
    const { clock } = this.broker;
    const { point } = entry;
    if (known - reviveTimeOf(point) > GRACE) return true;
    // As long as it is ahead, acknowledgements come within the grace, and otherwise not before it is due.
    if (!isAhead(point.popTime, now)) return false;
    entry.aheadSince ??= clock.monotonicNow();
    return clock.monotonicNow() - entry.aheadSince - point.invisibleTime > GRACE;
  }

  private get isRead(): boolean {
    return this.nextOffset >= this.broker.store.getMaxOffsetInQueue(this.topic, this.queueId);
  }

  private commit(): void {
    const [first] = this.points.values();
    const offset = (first?.reviveOffset ?? this.nextOffset) - 1;
    const { offsets } = this.broker;
    const committed = offsets.queryOffset(REVIVE_GROUP, this.topic, this.queueId) ?? -1;
    if (offset > committed) offsets.commitOffset(REVIVE_GROUP, this.topic, this.queueId, offset);
  }

  private async readOn(): Promise<void> {
    const { topic, queueId, nextOffset } = this;
    const { messages, nextBeginOffset } = await getMessage(
      this.broker.store,
      topic,
      queueId,
      nextOffset,
      BATCH,
    );
    for (const message of decodeMessages(messages)) this.take(message);
    this.nextOffset = Math.max(nextBeginOffset, nextOffset + 1);
  }

  private take(message: MessageExt): void {
    try {
      const text = message.body.toString();
      if (message.tags === CK_TAG) this.takePoint(decodeCheckPoint(text), message.queueOffset);
      else if (message.tags === ACK_TAG) this.takeAck(decodeAck(text, false));
      else if (message.tags === BATCH_ACK_TAG) this.takeAck(decodeAck(text, true));
    } catch (error) {
      this.limited.error(`Pop record ${message.offsetMsgId} is passed over: ${String(error)}`);
      return;
    }
    const deliverMs = Number(message.getProperty(MessageConst.TIMER_DELIVER_MS) ?? 0);
    if (deliverMs > this.newestDeliverMs) this.newestDeliverMs = deliverMs;
  }

  /** A timed record may be delivered twice; what came after the first one counts for it. */
  private takePoint(point: PopCheckPoint, reviveOffset: number): void {
    const key = mergeKeyOf(point);
    if (this.points.has(key)) return;
    const open = new Set(offsetsOf(point).filter((_, i) => (point.bitMap & (1 << i)) === 0));
    this.points.set(key, { point, reviveOffset, open, hasFailed: false });
  }

  private takeAck(ack: AckMsg): void {
    const brokerName = ack.brokerName || this.broker.config.brokerName;
    const entry = this.points.get(mergeKeyOf({ ...ack, brokerName }));
    for (const offset of ack.ackOffsets) entry?.open.delete(offset);
  }
}
