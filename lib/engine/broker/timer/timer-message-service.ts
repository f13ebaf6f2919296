import { nextTurn, type Timer } from '../../../common/clock.js';
import { OpenError } from '../../../common/file-system.js';
import { LimitedLogger } from '../../../common/limited-logger.js';
import type { MessageExt } from '../../../common/message-ext.js';
import { TIMER_TOPIC } from '../../../common/topic-validator.js';
import { StoreError } from '../../../errors/store.error.js';
import type { DispatchRequest } from '../../store/dispatch-request.js';
import type { MessageExtBrokerInner } from '../../store/message-ext-broker-inner.js';
import type { TimerProgress } from '../../store/timer/timer-checkpoint.js';
import { TimerMessageStore } from '../../store/timer/timer-message-store.js';
import { TIMER_PRECISION, wholeSlots } from '../../store/timer/timer-wheel.js';
import type { BrokerController } from '../broker-controller.js';
import { DueDelivery } from '../due-delivery.js';
import { TimerBatch } from './timer-batch.js';
import { deliveredMessage, hadTurn, isPoppedAhead, readTimedMessage } from './timer-message.js';
import type { Rebuild, TimedMessage } from './timer-message.js';
import { TimerSlot } from './timer-slot.js';

/** Slots without messages that are passed over in one turn. */
const MAX_EMPTY_SLOTS = 100_000;
/** Milliseconds until what failed is tried again; longest wait for a due time, after which a clock that was set is noticed. */
const RETRY_INTERVAL = 1000;
const MAX_WAIT = 1000;
/** The clock is set back when it is behind by more: then times that were passed come again. */
const MAX_SET_BACK = 60_000;
const SET_BACK = 'the clock was set back';
/** Milliseconds between looks for files to delete. */
const CLEAN_INTERVAL = 30_000;
/** What Apache notes for a message that was due already when it was taken up. */
const NEVER_ENQUEUED = '9223372036854775807';

/**
 * Takes messages of the timer topic up into the wheel, and stores them under their real topic when they are due
 * (TimerMessageStore's services). All of it is one loop, which costs nothing while no message waits.
 */
export class TimerMessageService {
  private readonly files: TimerMessageStore;
  private readonly delivery: DueDelivery;
  /** The next message of the timer topic to take up. */
  private queueOffset = 0;
  /** The next slot to deliver. */
  private readTimeMs = 0;
  /** Slots before it are due. */
  private writeTimeMs = 0;
  /**
   * How far it was at each rebuild, latest time first: what is taken up again and comes before one of them was delivered. Only
   * the first survives a restart: after several the others' messages come again if one more rebuild follows.
   */
  private rebuilds: readonly Rebuild[] = [];
  /** As the next rebuild will say; what is in the wheel at the start was taken up nobody knows when. */
  private takenUpTo = Infinity;
  /** Until here messages were sent before the start, or stored again for another turn: no slot is read before they are in theirs. */
  private catchUpOffset = 0;
  /** The slot that is being delivered. */
  private slot: TimerSlot | undefined;
  private running: Promise<void> | undefined;
  private isWanted = false;
  private isStopped = false;
  private isOpen = false;
  private hasChanged = false;
  private cleanedAt = 0;
  private timer: Timer | undefined;
  private flushTimer: Timer | undefined;
  private readonly failures: LimitedLogger;
  private readonly flushFailures: LimitedLogger;

  constructor(private readonly broker: BrokerController) {
    const { storeConfig, logger } = broker;
    this.files = new TimerMessageStore(storeConfig, broker.fileSystem, logger);
    this.delivery = new DueDelivery(broker.store, broker.clock, logger);
    this.failures = new LimitedLogger(logger, broker.clock);
    this.flushFailures = new LimitedLogger(logger, broker.clock);
  }

  /** Messages that wait in the wheel (TimerMessageStore#getAllCongestNum). */
  get pending(): number {
    return this.files.pending;
  }

  /**
   * What was due before this time, and stored before it, is under its topic now, in milliseconds since the epoch: how far whoever
   * reads such a topic knows what its messages say.
   */
  get deliveredUntil(): number {
    if (!this.isOpen) return 0;
    if (this.offsetBehind <= 0) return this.readUntil;
    const { store } = this.broker;
    return Math.min(this.readUntil, store.getMessageStoreTimestamp(TIMER_TOPIC, 0, this.queueOffset));
  }

  /** Seconds since the time up to which everything is delivered that was taken up (#getDequeueBehind). */
  get readBehind(): number {
    return this.isOpen ? (this.now() - this.readUntil) / TIMER_PRECISION : 0;
  }

  /** Messages of the timer topic that are not taken up yet (#getEnqueueBehindMessages). */
  get offsetBehind(): number {
    return this.isOpen ? this.maxOffset - this.queueOffset : 0;
  }

  private get maxOffset(): number {
    return this.broker.store.getMaxOffsetInQueue(TIMER_TOPIC, 0);
  }

  /** Without waiting messages no slot is read. */
  private get readUntil(): number {
    const isIdle = this.files.pending === 0 && this.slot === undefined;
    return isIdle ? this.now() : Math.min(this.readTimeMs, this.now());
  }

  /** @throws ConfigurationError when the timer log was written with another `mappedFileSizeTimerLog`. */
  start(): void {
    if (!this.broker.storeConfig.timerWheelEnable) return;
    try {
      this.open();
    } catch (error) {
      this.isOpen = false;
      // Whoever tries again opens files of its own.
      void this.files.close();
      throw error;
    }
    this.wake();
  }

  private open(): void {
    const { store } = this.broker;
    const oldest = store.getMinOffsetInQueue(TIMER_TOPIC, 0);
    const offsetOf = (offset: number) =>
      store.queryConsumeQueue(TIMER_TOPIC, 0, Math.max(offset, oldest), 1)?.units[0]?.commitLogOffset;
    const state = this.files.open(store.maxPhyOffset, offsetOf);
    this.isOpen = true;
    const { lastReadTimeMs, lastTimerQueueOffset, earlier, savedAt } = this.files.checkpoint;
    const isSetBack = lastReadTimeMs > this.now() + MAX_SET_BACK;
    const isUnknown = state === 'UNKNOWN' || isSetBack;
    this.readTimeMs = this.writeTimeMs = isUnknown ? this.now() : lastReadTimeMs;
    this.catchUpOffset = this.maxOffset;
    this.queueOffset = Math.min(lastTimerQueueOffset, this.catchUpOffset);
    this.rebuilds = [{ ...earlier, queueOffset: Math.min(earlier.queueOffset, this.queueOffset) }];
    if (state !== 'SOUND' || isUnknown) {
      const isEmpty = this.catchUpOffset === 0 && this.files.pending === 0;
      const reason = isSetBack ? SET_BACK : state.toLowerCase();
      // A future that no clock said when it was written is damage, and proves nothing delivered.
      const isDamaged = isSetBack && lastReadTimeMs > savedAt + MAX_SET_BACK;
      const from = { queueOffset: this.queueOffset, readTimeMs: isDamaged ? 0 : lastReadTimeMs };
      this.rebuildFrom(from, isEmpty ? undefined : reason);
    }
  }

  /** Messages were stored. */
  onArriving(records: readonly DispatchRequest[]): void {
    if (!this.isOpen) return;
    for (const { queue } of records) if (queue.topic === TIMER_TOPIC) return this.wake();
  }

  /** Begins nothing more, waits for what is being delivered, and notes how far it is. */
  async stop(): Promise<void> {
    this.isStopped = true;
    this.broker.clock.clearTimeout(this.timer);
    this.broker.clock.clearTimeout(this.flushTimer);
    if (!this.isOpen) return;
    this.isOpen = false;
    this.delivery.stop();
    await this.running;
    // So that the next start does not pass over the slots of this one again.
    this.hasChanged ||= this.files.pending > 0;
    await this.flush();
    await this.files.close();
  }

  private wake(): void {
    this.isWanted = true;
    if (this.running !== undefined || this.isStopped) return;
    this.broker.clock.clearTimeout(this.timer);
    this.running = this.run()
      .then(
        () => this.timeUntilNext(),
        (error) => this.onError(error as Error),
      )
      .then((wait) => {
        this.running = undefined;
        if (this.isWanted) this.wake();
        else if (wait !== undefined) this.arm(wait);
      });
  }

  private async run(): Promise<void> {
    while (!this.isStopped) {
      this.isWanted = false;
      if (this.isSetBack && this.slot === undefined) this.goBack();
      const hasTaken = await this.takeUp().catch((error: Error) => error);
      const hasDelivered = await this.deliverDue(hasTaken ? this.dueUntil : this.writeTimeMs);
      // A crash in the middle of many messages must not bring all of them again.
      if (this.hasChanged) this.flushLater();
      if (hasTaken instanceof Error && !hasDelivered) throw hasTaken;
      if (!hasTaken && !hasDelivered && !this.isWanted) return;
      await nextTurn(this.broker.clock);
    }
  }

  /** A disk that is full, most likely: everything is tried again, but for what is delivered of the slot. */
  private onError(error: Error): number | undefined {
    this.isWanted = false;
    if (this.isStopped) return undefined;
    this.failures.error(`Waiting messages: ${String(error)}`);
    return RETRY_INTERVAL;
  }

  private arm(wait: number): void {
    if (this.isStopped) return;
    this.timer = this.broker.clock.setTimeout(() => this.wake(), Math.min(Math.max(wait, 1), MAX_WAIT));
  }

  private timeUntilNext(): number | undefined {
    if (this.files.pending === 0) return undefined;
    return this.readTimeMs + TIMER_PRECISION - this.broker.clock.now();
  }

  private get isSetBack(): boolean {
    return this.queueOffset >= this.catchUpOffset && this.isAhead;
  }

  private get isAhead(): boolean {
    return this.writeTimeMs > this.now() + MAX_SET_BACK;
  }

  private goBack(): void {
    const { queueOffset, readTimeMs } = this;
    this.readTimeMs = this.now();
    this.rebuildFrom({ queueOffset, readTimeMs }, SET_BACK);
  }

  /** The current second; it does not fall when the clock is set back a little. */
  private moveWriteTime(): void {
    if (this.queueOffset < this.catchUpOffset) return;
    this.writeTimeMs = Math.max(this.writeTimeMs, this.now());
  }

  /** Slots before it are due, and what was sent before they were is in them: a recall comes before what it recalls is delivered. */
  private get dueUntil(): number {
    if (this.queueOffset >= this.maxOffset) return this.writeTimeMs;
    if (this.queueOffset < this.catchUpOffset) return this.readTimeMs;
    const storedAt = this.broker.store.getMessageStoreTimestamp(TIMER_TOPIC, 0, this.queueOffset);
    return Math.min(this.writeTimeMs, wholeSlots(storedAt));
  }

  /** Puts the next messages of the topic into the wheel; false when there are none. */
  private async takeUp(): Promise<boolean> {
    // What a full disk did not take before.
    this.files.write();
    this.moveWriteTime();
    if (this.files.pending === 0) this.readTimeMs = Math.max(this.readTimeMs, this.dueUntil);
    if (this.isSetBack || this.queueOffset >= this.maxOffset) return false;
    const from = this.queueOffset;
    const batch = new TimerBatch(this.broker, from);
    try {
      await batch.takeUp((message) => this.takeUpOne(message));
    } finally {
      // Also when the disk is full: those before are in the wheel.
      const now = this.broker.clock.now();
      await this.deliverAll(batch.late.map((message) => deliveredMessage(message, NEVER_ENQUEUED, now)));
      this.queueOffset = batch.nextOffset;
    }
    if (batch.nextOffset === from) return false;
    this.files.write();
    if (this.queueOffset >= this.catchUpOffset) this.files.recovered.clear();
    this.hasChanged = true;
    return true;
  }

  /** The message if its slot is over. */
  private takeUpOne(message: MessageExt): TimedMessage | undefined {
    if (this.files.recovered.delete(message.commitLogOffset)) return undefined;
    const timed = readTimedMessage(message, this.broker);
    if (timed === undefined) {
      this.broker.logger.error(`Timed message ${message.offsetMsgId} has no time or topic and is dropped`);
      return undefined;
    }
    if (this.wasDelivered(timed)) return undefined;
    const now = this.broker.clock.now();
    this.takenUpTo = Math.max(this.takenUpTo, now);
    if (isPoppedAhead(timed, now)) return timed;
    const { delayedTime, realTopic, isDelete } = timed;
    // A due slot that is not read yet may hold what this recalls, or belongs before it.
    if (this.isRead(delayedTime)) return isDelete ? undefined : timed;
    const { commitLogOffset: offsetPy, storeSize: sizePy } = message;
    this.files.add({ delayedTime, offsetPy, sizePy, realTopic, isDelete }, this.writeTimeMs, this.readTimeMs);
    return undefined;
  }

  private isRead(slotTime: number): boolean {
    return slotTime < this.readTimeMs || (slotTime === this.readTimeMs && this.slot !== undefined);
  }

  /** Of a message that is taken up again: whether it had its turn before. */
  private wasDelivered(timed: TimedMessage): boolean {
    const target = this.files.targetOf(timed.delayedTime, wholeSlots(timed.message.storeTimestamp));
    return this.rebuilds.some((rebuild) => hadTurn(timed, target, rebuild));
  }

  /** Delivers the next messages of slots before `dueUntil`; false when there are none. */
  private async deliverDue(dueUntil: number): Promise<boolean> {
    if (this.files.pending === 0) return false;
    for (let i = 0; i < MAX_EMPTY_SLOTS && !this.files.hasSlot(this.readTimeMs); i++) {
      if (this.readTimeMs >= dueUntil) return false;
      this.readTimeMs += TIMER_PRECISION;
    }
    if (this.readTimeMs >= dueUntil) return false;
    if (!this.files.hasSlot(this.readTimeMs)) return true;
    try {
      await this.deliverSlot();
    } catch (error) {
      if (!(error instanceof StoreError) || error instanceof OpenError) throw error;
      const state = { queueOffset: this.queueOffset, readTimeMs: this.readTimeMs };
      this.broker.logger.error(String(error));
      this.rebuildFrom(state, 'damaged');
    }
    return true;
  }

  /** @throws Error when the service is stopped before all of them are stored. */
  private async deliverAll(messages: readonly MessageExtBrokerInner[]): Promise<void> {
    const left = await this.delivery.deliver(messages);
    if (left.length > 0) throw new Error('The engine ends before all messages that are due are stored');
  }

  private async deliverSlot(): Promise<void> {
    const slot = (this.slot ??= new TimerSlot(this.broker, this.files, this.readTimeMs));
    await slot.deliver((messages) => this.deliverAll(messages));
    this.hasChanged = true;
    if (!slot.isDelivered) return;
    this.slot = undefined;
    // After the clock was set back everything is taken up anew.
    if (!this.isAhead) this.catchUpOffset = this.maxOffset;
    this.files.pending -= slot.count;
    this.readTimeMs += TIMER_PRECISION;
  }

  /** Takes up everything anew that is still in the topic, but for what was due before `readTimeMs`. */
  private rebuildFrom(state: TimerProgress, reason: string | undefined): void {
    const { store, logger } = this.broker;
    if (reason !== undefined) logger.warn(`The timer log is built anew from ${TIMER_TOPIC} (${reason})`);
    this.files.clear();
    this.slot = undefined;
    const later = this.rebuilds.filter(({ readTimeMs }) => readTimeMs > state.readTimeMs);
    this.rebuilds = [...later, { ...state, takenUpTo: this.takenUpTo }];
    this.takenUpTo = 0;
    this.queueOffset = store.getMinOffsetInQueue(TIMER_TOPIC, 0);
    this.catchUpOffset = this.maxOffset;
    this.writeTimeMs = this.readTimeMs;
    this.hasChanged = true;
  }

  private flushLater(): void {
    if (this.isStopped) return;
    const { clock, storeConfig } = this.broker;
    this.flushTimer ??= clock.setTimeout(() => {
      this.flushTimer = undefined;
      void this.flush();
    }, storeConfig.timerFlushIntervalMs);
  }

  private async flush(): Promise<void> {
    const { queueOffset, readTimeMs, slot, rebuilds, broker, files } = this;
    // A log that is only half built says less than the one before.
    const isHalfBuilt = rebuilds.some((rebuild) => queueOffset < rebuild.queueOffset);
    if (!this.hasChanged || isHalfBuilt || !broker.store.lock.isOwner()) return;
    this.hasChanged = false;
    try {
      const progress = { queueOffset, readTimeMs, deliveredTo: slot?.deliveredTo ?? 0 };
      await files.flush(progress, rebuilds[0]!, broker.clock.now(), (done) => broker.store.syncLog(done));
      this.clean();
    } catch (error) {
      this.hasChanged = true;
      this.flushFailures.error(`How far waiting messages are delivered cannot be written: ${String(error)}`);
      this.flushLater();
    }
  }

  private clean(): void {
    const now = this.broker.clock.now();
    if (Math.abs(now - this.cleanedAt) < CLEAN_INTERVAL) return;
    this.cleanedAt = now;
    this.files.deleteExpired(this.broker.store.minPhyOffset);
  }

  private now(): number {
    return wholeSlots(this.broker.clock.now());
  }
}
