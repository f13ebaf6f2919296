import type { Clock, Timer } from '../../../common/clock.js';
import { SAMPLE_INTERVAL, StatsItem } from '../../../common/stats/stats-item.js';
import type { StoreStatsService } from '../../store/store-stats-service.js';
import { ThroughputSampler } from './throughput-sampler.js';
import { VolumeStats } from './volume-stats.js';

/** In the place of the group, of what has none. */
const NO_GROUP = '';
const SAMPLES_IN_MINUTE = 60_000 / SAMPLE_INTERVAL;

/** What the broker counts of its work (BrokerStatsManager): additions on the way of a message, samples every 10 s. */
export class BrokerStatsManager {
  /** Pulls that found something, and those that did not; messages and bytes that were found. */
  getFoundTimes = 0;
  getMissTimes = 0;
  getMessageTotal = 0;
  /** Longest time in milliseconds that a pull took which was not held. */
  getMessageEntireTimeMax = 0;
  readonly throughput: ThroughputSampler;
  private readonly topicPut: VolumeStats;
  private readonly groupGet: VolumeStats;
  private readonly sendBack: VolumeStats;
  private readonly brokerPut: StatsItem;
  private readonly brokerGet: StatsItem;
  private timer: Timer | undefined;
  private samples = 0;

  constructor(
    private readonly clock: Clock,
    private readonly clusterName: string,
    private readonly ofStore: () => StoreStatsService,
  ) {
    const now = () => clock.monotonicNow();
    this.topicPut = new VolumeStats(now);
    this.groupGet = new VolumeStats(now);
    this.sendBack = new VolumeStats(now);
    this.brokerPut = new StatsItem(now());
    this.brokerGet = new StatsItem(now());
    this.throughput = new ThroughputSampler(() => this.totals());
  }

  start(): void {
    this.sample();
  }

  stop(): void {
    this.clock.clearTimeout(this.timer);
  }

  /** A producer's messages were stored. */
  onPut(topic: string, messages: number, bytes: number): void {
    this.topicPut.add(topic, NO_GROUP, messages, bytes);
    this.brokerPut.add(messages);
  }

  /** A group pulled messages. */
  onGet(group: string, topic: string, messages: number, bytes: number): void {
    this.getFoundTimes++;
    this.getMessageTotal += messages;
    this.groupGet.add(topic, group, messages, bytes);
    this.brokerGet.add(messages);
  }

  /** A pull was answered that came at `startedAt`, in the time of `Clock.monotonicNow`, and was not held. */
  onGetEnded(startedAt: number): void {
    const millis = Math.round(this.clock.monotonicNow() - startedAt);
    if (millis > this.getMessageEntireTimeMax) this.getMessageEntireTimeMax = millis;
  }

  onSendBack(group: string, topic: string): void {
    this.sendBack.add(topic, group, 1, 0);
  }

  onTopicDeleted(topic: string): void {
    for (const stats of this.all()) stats.deleteIf((name) => name === topic);
  }

  onGroupDeleted(group: string): void {
    for (const stats of this.all()) stats.deleteIf((_topic, name) => name === group);
  }

  /** The count of a name (BrokerStatsManager's constants) and key: a topic, `topic@group`, or the cluster. */
  find(name: string, key: string): StatsItem | undefined {
    const [topic = '', group = NO_GROUP] = key.split('@');
    switch (name) {
      case 'TOPIC_PUT_NUMS':
        return this.topicPut.find(key, NO_GROUP)?.nums;
      case 'TOPIC_PUT_SIZE':
        return this.topicPut.find(key, NO_GROUP)?.size;
      case 'GROUP_GET_NUMS':
        return this.groupGet.find(topic, group)?.nums;
      case 'GROUP_GET_SIZE':
        return this.groupGet.find(topic, group)?.size;
      case 'SNDBCK_PUT_NUMS':
        return this.sendBack.find(topic, group)?.nums;
      case 'BROKER_PUT_NUMS':
        return key === this.clusterName ? this.brokerPut : undefined;
      case 'BROKER_GET_NUMS':
        return key === this.clusterName ? this.brokerGet : undefined;
      default:
        return undefined;
    }
  }

  /** Messages that were stored in a topic a second, in the last minute. */
  topicPutTps(topic: string): number {
    return this.topicPut.find(topic, NO_GROUP)?.nums.statsMinute.tps ?? 0;
  }

  /** Messages of a topic that a group pulled a second, in the last minute. */
  groupGetTps(group: string, topic: string): number {
    return this.groupGet.find(topic, group)?.nums.statsMinute.tps ?? 0;
  }

  private all(): readonly VolumeStats[] {
    return [this.topicPut, this.groupGet, this.sendBack];
  }

  private totals() {
    const { clock, getFoundTimes: found, getMissTimes: miss, getMessageTotal: transferred } = this;
    const times = { timestamp: clock.now(), moment: clock.monotonicNow() };
    return { ...times, put: this.ofStore().putMessageTimesTotal, found, miss, transferred };
  }

  private sample(): void {
    const now = this.clock.monotonicNow();
    for (const stats of [...this.all(), this.brokerPut, this.brokerGet]) stats.sample(now);
    this.throughput.sample();
    if (this.samples++ % SAMPLES_IN_MINUTE === 0) this.ofStore().nextMinute();
    this.timer = this.clock.setTimeout(() => this.sample(), SAMPLE_INTERVAL);
  }
}
