import type { Clock, Timer } from '../../common/clock.js';
import { SAMPLE_INTERVAL } from '../../common/stats/stats-item.js';
import { StatsItemSet } from '../../common/stats/stats-item-set.js';
import type { ConsumeStatus } from '../../remoting/body/consumer-running-info.js';

/** What a consumer counts of its work, by topic (ConsumerStatsManager). */
export class ConsumerStatsManager {
  private readonly consumeOk: StatsItemSet;
  private readonly consumeFailed: StatsItemSet;
  private readonly consumeMillis: StatsItemSet;
  private readonly pulled: StatsItemSet;
  private readonly pullMillis: StatsItemSet;
  private readonly sets: readonly StatsItemSet[];
  private timer: Timer | undefined;

  constructor(private readonly clock: Clock) {
    const newSet = () => new StatsItemSet(() => clock.monotonicNow());
    this.consumeOk = newSet();
    this.consumeFailed = newSet();
    this.consumeMillis = newSet();
    this.pulled = newSet();
    this.pullMillis = newSet();
    this.sets = [this.consumeOk, this.consumeFailed, this.consumeMillis, this.pulled, this.pullMillis];
  }

  start(): void {
    this.timer = this.clock.setTimeout(() => {
      const now = this.clock.monotonicNow();
      for (const set of this.sets) set.sample(now);
      this.start();
    }, SAMPLE_INTERVAL);
  }

  stop(): void {
    this.clock.clearTimeout(this.timer);
  }

  /** A pull that began at `startedAt`, in the time of `Clock.monotonicNow`, found messages. */
  onPulled(topic: string, messages: number, startedAt: number): void {
    this.pulled.add(topic, messages);
    this.pullMillis.add(topic, this.clock.monotonicNow() - startedAt);
  }

  /** The listener, which was called at `startedAt`, has now handled some messages and failed with others. */
  onConsumed(
    topic: string,
    handled: number,
    failed: number,
    startedAt: number,
    now = this.clock.now(),
  ): void {
    if (handled > 0) this.consumeOk.add(topic, handled);
    if (failed > 0) this.consumeFailed.add(topic, failed);
    // A listener may have taken the property away that says it.
    if (startedAt > 0) this.consumeMillis.add(topic, now - startedAt);
  }

  /** Of the last minute; failures of the last hour. */
  consumeStatus(topic: string): ConsumeStatus {
    return {
      pullRT: this.pullMillis.get(topic)?.statsMinute.avgpt ?? 0,
      pullTPS: this.pulled.get(topic)?.statsMinute.tps ?? 0,
      consumeRT: this.consumeMillis.get(topic)?.statsMinute.avgpt ?? 0,
      consumeOKTPS: this.consumeOk.get(topic)?.statsMinute.tps ?? 0,
      consumeFailedTPS: this.consumeFailed.get(topic)?.statsMinute.tps ?? 0,
      consumeFailedMsgs: this.consumeFailed.get(topic)?.statsHour.sum ?? 0,
    };
  }
}
