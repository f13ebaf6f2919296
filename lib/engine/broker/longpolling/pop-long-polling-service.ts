import type { Clock, Timer } from '../../../common/clock.js';
import { popRetryTopicV1Of } from '../../../common/mix-all.js';
import type { DispatchRequest } from '../../store/dispatch-request.js';

/** Milliseconds that an answer comes before its time is over (PopRequest#isTimeout). */
const EARLY = 50;

/** Longest wait for a message in milliseconds. */
const MAX_POLL_TIME = 60_000;

/** A request that found no message and waits for one. */
export interface HeldPop {
  readonly topic: string;
  readonly consumerGroup: string;
  /** -1: any. */
  readonly queueId: number;
  /** In the time of `Clock.monotonicNow`; 0 when it is over. */
  expiresAt: number;
  /** Nobody waits for the answer any more. */
  readonly isAbandoned: boolean;
  /** Whether a message is one of those that it wants, as far as can be told cheaply. */
  wants(record: DispatchRequest): boolean;
  /** Carries the request out, once more because there may be a message or its time is over. */
  wakeUp(): void;
}

/** When the time of a request is over; a client whose clock is ahead does not wait for longer. */
export function expiryOf(
  header: { readonly bornTime: number; readonly pollTime: number },
  clock: Clock,
): number {
  const pollTime = Math.min(header.pollTime, MAX_POLL_TIME);
  const now = clock.now();
  const age = Math.max(now - (header.bornTime || now), 0);
  return pollTime <= 0 ? 0 : clock.monotonicNow() + pollTime - age;
}

export interface PollingLimits {
  /** Requests that may wait for a queue of a group; -1 is a queue of its own. */
  readonly popPollingSize: number;
  readonly maxPopPollingSize: number;
}

/** `ENDED`: its time is over, or the broker's. */
export type PollingResult = 'HELD' | 'FULL' | 'ENDED';

interface Waiting {
  readonly pop: HeldPop;
  readonly timer: Timer;
}

/** The waiting requests of a group for a topic, by queue id. */
type GroupQueues = Map<number, Waiting[]>;

/** Holds pops until a message arrives or their time is over (PopLongPollingService). */
export class PopLongPollingService {
  private readonly table = new Map<string, Map<string, GroupQueues>>();
  /** The retry topics of those that wait, which Apache's broker wakes for the second form of their names only. */
  private readonly retryTopics = new Map<string, { readonly topic: string; readonly group: string }>();
  private heldCount = 0;
  private isClosed = false;

  constructor(
    private readonly clock: Clock,
    private readonly limits: PollingLimits,
  ) {}

  polling(pop: HeldPop): PollingResult {
    const now = this.clock.monotonicNow();
    if (this.isClosed || now > pop.expiresAt - EARLY) return 'ENDED';
    const queues = this.queuesOf(pop.topic, pop.consumerGroup);
    const held = queues.get(pop.queueId) ?? [];
    if (this.heldCount >= this.limits.maxPopPollingSize || held.length >= this.limits.popPollingSize)
      return 'FULL';
    const timer = this.clock.setTimeout(() => this.expire(pop), pop.expiresAt - EARLY - now + 1);
    held.push({ pop, timer });
    this.register(pop, queues.set(pop.queueId, held));
    return 'HELD';
  }

  /** How many wait for a queue. */
  pollingNum(topic: string, group: string, queueId: number): number {
    return this.table.get(topic)?.get(group)?.get(queueId)?.length ?? 0;
  }

  /** Wakes for each message one request of each group that wants it. */
  notifyMessageArriving(records: readonly DispatchRequest[]): void {
    if (this.heldCount === 0) return;
    for (const record of records) {
      const { topic, queueId } = record.queue;
      const retried = this.retryTopics.get(topic);
      if (retried !== undefined) this.wakeAny(retried.topic, retried.group, (pop) => pop.wants(record));
      for (const group of Array.from(this.table.get(topic)?.keys() ?? [])) {
        this.wakeForQueue(topic, group, queueId, (pop) => pop.wants(record));
      }
    }
  }

  /** Wakes one request of a group that waits for this queue, -1 for any. */
  wakeOne(topic: string, group: string, queueId: number, isMeant = (_pop: HeldPop) => true): boolean {
    const held = this.table.get(topic)?.get(group)?.get(queueId) ?? [];
    const found = held.find(({ pop }) => !pop.isAbandoned && isMeant(pop));
    if (found === undefined) return false;
    this.remove(found);
    found.pop.wakeUp();
    return true;
  }

  /** Wakes one request of a group that waits for any queue, and one that waits for this one. */
  wakeForQueue(topic: string, group: string, queueId: number, isMeant?: (pop: HeldPop) => boolean): void {
    this.wakeOne(topic, group, -1, isMeant);
    this.wakeOne(topic, group, queueId, isMeant);
  }

  /** Wakes one request of a group, for whatever queue it waits. */
  wakeAny(topic: string, group: string, isMeant = (_pop: HeldPop) => true): boolean {
    return this.queueIdsOf(topic, group).some((queueId) => this.wakeOne(topic, group, queueId, isMeant));
  }

  /** Wakes one request of a group for each queue that is waited for. */
  wakeGroup(group: string): void {
    for (const topic of Array.from(this.table.keys()))
      for (const queueId of this.queueIdsOf(topic, group)) this.wakeOne(topic, group, queueId);
  }

  /** Wakes everyone who waits for a topic. */
  wakeTopic(topic: string): void {
    const groups = [...(this.table.get(topic)?.values() ?? [])];
    for (const waiting of groups.flatMap((queues) => [...queues.values()].flat())) {
      this.remove(waiting);
      waiting.pop.wakeUp();
    }
  }

  /** Answers everyone who waits, at the end of the broker. */
  close(): void {
    this.isClosed = true;
    for (const topic of Array.from(this.table.keys())) this.wakeTopic(topic);
  }

  private expire(pop: HeldPop): void {
    const held = this.table.get(pop.topic)?.get(pop.consumerGroup)?.get(pop.queueId) ?? [];
    const found = held.find((waiting) => waiting.pop === pop);
    if (found === undefined) return;
    this.remove(found);
    // A timer may be a moment early.
    pop.expiresAt = 0;
    if (!pop.isAbandoned) pop.wakeUp();
  }

  private queueIdsOf(topic: string, group: string): number[] {
    return [...this.queuesOf(topic, group).keys()];
  }

  private queuesOf(topic: string, group: string): GroupQueues {
    return this.table.get(topic)?.get(group) ?? new Map<number, Waiting[]>();
  }

  private register({ topic, consumerGroup: group }: HeldPop, queues: GroupQueues): void {
    this.heldCount++;
    const groups = this.table.get(topic) ?? new Map<string, GroupQueues>();
    this.table.set(topic, groups.set(group, queues));
    this.retryTopics.set(popRetryTopicV1Of(topic, group), { topic, group });
  }

  private remove(waiting: Waiting): void {
    const { topic, consumerGroup, queueId } = waiting.pop;
    this.clock.clearTimeout(waiting.timer);
    this.heldCount--;
    const groups = this.table.get(topic)!;
    const queues = groups.get(consumerGroup)!;
    const held = queues.get(queueId)!;
    held.splice(held.indexOf(waiting), 1);
    if (held.length > 0) return;
    queues.delete(queueId);
    if (queues.size > 0) return;
    groups.delete(consumerGroup);
    this.retryTopics.delete(popRetryTopicV1Of(topic, consumerGroup));
    if (groups.size === 0) this.table.delete(topic);
  }
}
