import type { Clock } from '../../common/clock.js';
import type { MessageQueue } from '../../common/message-queue.js';
import type { TopicPublishInfo } from './topic-publish-info.js';

/** A broker that took so many milliseconds is avoided for so many (MQFaultStrategy, `latencyMax`, `notAvailableDuration`). */
const NOT_AVAILABLE_DURATIONS = [
  { latency: 15_000, duration: 30_000 },
  { latency: 5000, duration: 10_000 },
  { latency: 3000, duration: 6000 },
  { latency: 1800, duration: 5000 },
  { latency: 550, duration: 2000 },
];
/** A broker that failed counts as one that took so many milliseconds. */
const LATENCY_OF_FAILURE = 10_000;

/**
 * Chooses the queue of each attempt (MQFaultStrategy): not on the broker that failed last, and with
 * `sendLatencyFaultEnable` not on one that was slow or failed a short time ago, as long as there are others.
 */
export class MQFaultStrategy {
  private readonly unavailableUntil = new Map<string, number>();

  constructor(
    private readonly clock: Clock,
    private readonly isEnabled: boolean,
  ) {}

  selectOneMessageQueue(info: TopicPublishInfo, lastBrokerName: string | undefined): MessageQueue {
    if (lastBrokerName === undefined && !this.isEnabled) return info.selectAny();
    const isOther = (brokerName: string) => brokerName !== lastBrokerName;
    if (!this.isEnabled) return info.select(isOther) ?? info.selectAny();
    if (lastBrokerName !== undefined) info.resetIndex();
    const isGood = (brokerName: string) => isOther(brokerName) && this.isAvailable(brokerName);
    return info.select(isGood) ?? info.select(isOther) ?? info.selectAny();
  }

  /** Notes how long a broker took from `sentAt` on, in the time of `Clock.monotonicNow`, to answer, or to fail. */
  update(brokerName: string, sentAt: number, hasFailed: boolean): void {
    if (!this.isEnabled) return;
    const latency = hasFailed ? LATENCY_OF_FAILURE : this.clock.monotonicNow() - sentAt;
    const found = NOT_AVAILABLE_DURATIONS.find((entry) => latency >= entry.latency);
    if (found === undefined) return;
    const until = this.clock.monotonicNow() + found.duration;
    this.unavailableUntil.set(brokerName, Math.max(until, this.unavailableUntil.get(brokerName) ?? 0));
  }

  private isAvailable(brokerName: string): boolean {
    return (this.unavailableUntil.get(brokerName) ?? 0) <= this.clock.monotonicNow();
  }
}
