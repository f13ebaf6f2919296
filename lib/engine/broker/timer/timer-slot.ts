import { nextTurn } from '../../../common/clock.js';
import { MessageConst } from '../../../common/message-const.js';
import type { MessageExtBrokerInner } from '../../store/message-ext-broker-inner.js';
import type { DueSlot, TimerMessageStore } from '../../store/timer/timer-message-store.js';
import { TimerMagic, type TimerUnit } from '../../store/timer/timer-unit.js';
import type { BrokerController } from '../broker-controller.js';
import { deliveredMessage, isRecalled, lookTimedMessage, rolledMessage } from './timer-message.js';

/** Messages that are delivered together: a slow flush must not hold up many that are due. */
const DELIVER_BATCH = 1024;
/** Of those that are read in one turn of the event loop, as each may have to come from the disk. */
const READS_OF_A_TURN = 128;
/** Bytes of records after which no further one is added to those. */
const DELIVER_BYTES = 1024 * 1024;

/** The messages that are due in one second, batch by batch (TimerMessageStore#dequeue). */
export class TimerSlot {
  private readonly slot: DueSlot;
  private readonly deleteKeys = new Set<string>();
  /** Units that are delivered. */
  private delivered: number;

  /** @throws StoreError when a unit is damaged. */
  constructor(
    private readonly broker: BrokerController,
    private readonly files: TimerMessageStore,
    timeMs: number,
  ) {
    this.slot = files.dueSlot(timeMs);
    const deliveredTo = files.deliveredToOf(timeMs);
    this.delivered = this.slot.positions.filter((position) => position < deliveredTo).length;
    for (const unit of this.slot.deletes) {
      const timed = lookTimedMessage(broker, unit);
      const key = timed?.message.getProperty(MessageConst.TIMER_DEL_UNIQKEY);
      if (key !== undefined) this.deleteKeys.add(key);
    }
  }

  /** Units, recalls among them. */
  get count(): number {
    return this.slot.positions.length + this.slot.deletes.length;
  }

  /** Units before this position of the timer log are delivered; 0 when there are none behind it. */
  get deliveredTo(): number {
    return this.slot.positions[this.delivered] ?? 0;
  }

  get isDelivered(): boolean {
    return this.delivered >= this.slot.positions.length;
  }

  /**
   * Has the next messages stored; they are the next ones again when that fails.
   *
   * @throws StoreError when a unit is damaged.
   */
  async deliver(store: (messages: readonly MessageExtBrokerInner[]) => Promise<void>): Promise<void> {
    const units = this.nextUnits();
    const now = this.broker.clock.now();
    const messages: MessageExtBrokerInner[] = [];
    for (const [i, unit] of units.entries()) {
      if (i > 0 && i % READS_OF_A_TURN === 0) await nextTurn(this.broker.clock);
      const message = this.messageOf(unit, now);
      if (message !== undefined) messages.push(message);
    }
    await store(messages);
    this.delivered += units.length;
  }

  private nextUnits(): TimerUnit[] {
    const units: TimerUnit[] = [];
    let bytes = 0;
    const batch = this.slot.positions.slice(this.delivered, this.delivered + DELIVER_BATCH);
    for (const position of batch) {
      if (bytes >= DELIVER_BYTES) break;
      const unit = this.files.unitAt(position);
      units.push(unit);
      bytes += unit.sizePy;
    }
    return units;
  }

  private messageOf(unit: TimerUnit, now: number): MessageExtBrokerInner | undefined {
    const timed = lookTimedMessage(this.broker, unit);
    if (timed === undefined || isRecalled(timed, this.deleteKeys)) return undefined;
    const enqueueTime = `${unit.currWriteTime}`;
    const isRoll = (unit.magic & TimerMagic.ROLL) !== 0;
    return isRoll ? rolledMessage(timed, enqueueTime, now) : deliveredMessage(timed, enqueueTime, now);
  }
}
