import type { Clock, Timer } from '../../../common/clock.js';
import { SAMPLE_INTERVAL } from '../../../common/stats/stats-item.js';
import { StatsItemSet } from '../../../common/stats/stats-item-set.js';
import { ThroughputSampler } from './throughput-sampler.js';

const STATS_NAMES = [
  'TOPIC_PUT_NUMS',
  'TOPIC_PUT_SIZE',
  'GROUP_GET_NUMS',
  'GROUP_GET_SIZE',
  'SNDBCK_PUT_NUMS',
  'BROKER_PUT_NUMS',
  'BROKER_GET_NUMS',
] as const;

type StatsName = (typeof STATS_NAMES)[number];

/** What the broker counts of its work (BrokerStatsManager): additions on the way of a message, samples every 10 s. */
export class BrokerStatsManager {
  /** Pulls that found something, and those that did not; messages and bytes that were found. */
  getFoundTimes = 0;
  getMissTimes = 0;
  getMessageTotal = 0;
  /** Longest time in milliseconds that a pull took which was not held. */
  getMessageEntireTimeMax = 0;
  readonly throughput: ThroughputSampler;
  private readonly table: ReadonlyMap<string, StatsItemSet>;
  private readonly topicPutNums: StatsItemSet;
  private readonly topicPutSize: StatsItemSet;
  private readonly groupGetNums: StatsItemSet;
  private readonly groupGetSize: StatsItemSet;
  private readonly sendBackNums: StatsItemSet;
  private readonly brokerPutNums: StatsItemSet;
  private readonly brokerGetNums: StatsItemSet;
  private timer: Timer | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly clusterName: string,
    /** Messages that were stored since the start. */
    private readonly putTotal: () => number,
  ) {
    const set = (name: StatsName) => this.table.get(name)!;
    this.table = new Map(STATS_NAMES.map((name) => [name, new StatsItemSet(() => clock.now())]));
    this.topicPutNums = set('TOPIC_PUT_NUMS');
    this.topicPutSize = set('TOPIC_PUT_SIZE');
    this.groupGetNums = set('GROUP_GET_NUMS');
    this.groupGetSize = set('GROUP_GET_SIZE');
    this.sendBackNums = set('SNDBCK_PUT_NUMS');
    this.brokerPutNums = set('BROKER_PUT_NUMS');
    this.brokerGetNums = set('BROKER_GET_NUMS');
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
    this.topicPutNums.add(topic, messages);
    this.topicPutSize.add(topic, bytes);
    this.brokerPutNums.add(this.clusterName, messages);
  }

  /** A group pulled messages. */
  onGet(group: string, topic: string, messages: number, bytes: number): void {
    const key = statsKey(topic, group);
    this.getFoundTimes++;
    this.getMessageTotal += messages;
    this.groupGetNums.add(key, messages);
    this.groupGetSize.add(key, bytes);
    this.brokerGetNums.add(this.clusterName, messages);
  }

  /** A pull was answered that came at `startedAt` and was not held. */
  onGetEnded(startedAt: number): void {
    const millis = this.clock.now() - startedAt;
    if (millis > this.getMessageEntireTimeMax) this.getMessageEntireTimeMax = millis;
  }

  onSendBack(group: string, topic: string): void {
    this.sendBackNums.add(statsKey(topic, group), 1);
  }

  onTopicDeleted(topic: string): void {
    for (const set of this.table.values())
      set.deleteIf((key) => key === topic || key.startsWith(`${topic}@`));
  }

  onGroupDeleted(group: string): void {
    for (const set of this.table.values()) set.deleteIf((key) => key.endsWith(`@${group}`));
  }

  /** The count of a name and key, if there is one. */
  find(name: string, key: string) {
    return this.table.get(name)?.get(key);
  }

  /** Messages that were stored in a topic a second, in the last minute. */
  topicPutTps(topic: string): number {
    return this.topicPutNums.get(topic)?.statsMinute.tps ?? 0;
  }

  /** Messages of a topic that a group pulled a second, in the last minute. */
  groupGetTps(group: string, topic: string): number {
    return this.groupGetNums.get(statsKey(topic, group))?.statsMinute.tps ?? 0;
  }

  private totals() {
    const { getFoundTimes: found, getMissTimes: miss, getMessageTotal: transferred } = this;
    return { timestamp: this.clock.now(), put: this.putTotal(), found, miss, transferred };
  }

  private sample(): void {
    const now = this.clock.now();
    for (const set of this.table.values()) set.sample(now);
    this.throughput.sample();
    this.timer = this.clock.setTimeout(() => this.sample(), SAMPLE_INTERVAL);
  }
}

function statsKey(topic: string, group: string): string {
  return `${topic}@${group}`;
}
