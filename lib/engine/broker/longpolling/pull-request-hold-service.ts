import type { Clock, Timer } from '../../../common/clock.js';
import type { DispatchRequest } from '../../store/dispatch-request.js';

/** Milliseconds between looks for pulls that have waited long enough. */
const SWEEP_INTERVAL = 1000;

/** A pull that found nothing and waits for a message. */
export interface HeldPull {
  readonly consumerGroup: string;
  readonly topic: string;
  readonly queueId: number;
  /** The offset that it wants. */
  readonly offset: number;
  /** In the time of `Clock.monotonicNow`. */
  readonly suspendUntil: number;
  /** Nobody waits for the answer any more. */
  readonly isAbandoned: boolean;
  /** Whether a message is one of those that it wants, as far as can be told cheaply. */
  wants(record: DispatchRequest): boolean;
  /** Carries the pull out once more; this time it is answered in any case. */
  wakeUp(): void;
}

/** Holds pulls until a message arrives or their time is over (PullRequestHoldService). */
export class PullRequestHoldService {
  private readonly table = new Map<string, Map<number, HeldPull[]>>();
  private heldCount = 0;
  /** Before this time there is nothing to look for, in the time of `Clock.monotonicNow`. */
  private dueAt = Infinity;
  private timer: Timer | undefined;

  /** `maxPullPollingSize`: most pulls that are held. */
  constructor(
    private readonly clock: Clock,
    private readonly maxPullPollingSize: number,
  ) {}

  get isFull(): boolean {
    return this.heldCount >= this.maxPullPollingSize;
  }

  suspendPullRequest(pull: HeldPull): void {
    let queues = this.table.get(pull.topic);
    if (queues === undefined) this.table.set(pull.topic, (queues = new Map()));
    const held = queues.get(pull.queueId);
    if (held === undefined) queues.set(pull.queueId, [pull]);
    else held.push(pull);
    this.heldCount++;
    this.dueAt = Math.min(this.dueAt, pull.suspendUntil);
    this.timer ??= this.clock.setTimeout(() => this.sweep(), SWEEP_INTERVAL);
  }

  /** Wakes the pulls that want one of the messages. */
  notifyMessageArriving(records: readonly DispatchRequest[]): void {
    if (this.heldCount === 0) return;
    const woken: HeldPull[] = [];
    for (const record of records) {
      const { queue, consumeQueueOffset } = record;
      const held = this.table.get(queue.topic)?.get(queue.queueId);
      if (held === undefined) continue;
      const isWanted = (pull: HeldPull) => pull.offset <= consumeQueueOffset && pull.wants(record);
      this.take(held, isWanted, woken);
    }
    for (const pull of woken) pull.wakeUp();
  }

  /** Answers the held pulls of a queue, or of all queues of a topic. */
  wakeUp(topic: string, queueId?: number): void {
    const isMeant = (pull: HeldPull) =>
      pull.topic === topic && (queueId === undefined || pull.queueId === queueId);
    this.takeAll(isMeant).forEach((pull) => pull.wakeUp());
  }

  /** Answers the held pulls of a group in a topic: it wants something else now. */
  wakeUpGroup(topic: string, group: string): void {
    const woken: HeldPull[] = [];
    for (const held of this.table.get(topic)?.values() ?? [])
      this.take(held, ({ consumerGroup }) => consumerGroup === group, woken);
    for (const pull of woken) pull.wakeUp();
  }

  /** Some may wait for nobody any more. */
  onChannelClosed(): void {
    this.dueAt = 0;
  }

  /** Answers every held pull, at the end of the broker. */
  close(): void {
    this.clock.clearTimeout(this.timer);
    this.takeAll(() => true).forEach((pull) => pull.wakeUp());
  }

  private sweep(): void {
    const now = this.clock.monotonicNow();
    const due = now < this.dueAt ? [] : this.takeDue(now);
    this.timer = this.heldCount === 0 ? undefined : this.clock.setTimeout(() => this.sweep(), SWEEP_INTERVAL);
    for (const pull of due) if (!pull.isAbandoned) pull.wakeUp();
  }

  private takeDue(now: number): HeldPull[] {
    this.dueAt = Infinity;
    return this.takeAll((pull) => {
      if (pull.suspendUntil <= now || pull.isAbandoned) return true;
      this.dueAt = Math.min(this.dueAt, pull.suspendUntil);
      return false;
    });
  }

  private takeAll(isTaken: (pull: HeldPull) => boolean): HeldPull[] {
    const taken: HeldPull[] = [];
    for (const queues of this.table.values())
      for (const held of queues.values()) this.take(held, isTaken, taken);
    return taken;
  }

  /** `held`: all pulls of a queue. */
  private take(held: HeldPull[], isTaken: (pull: HeldPull) => boolean, taken: HeldPull[]): void {
    // Nothing is made for the thousands of queues of which none is taken.
    if (!held.some(isTaken)) return;
    const { topic, queueId } = held[0]!;
    const kept = held.filter((pull) => !isTaken(pull));
    taken.push(...held.filter(isTaken));
    this.heldCount -= held.length - kept.length;
    const queues = this.table.get(topic)!;
    if (kept.length > 0) queues.set(queueId, kept);
    else queues.delete(queueId);
    if (queues.size === 0) this.table.delete(topic);
  }
}
