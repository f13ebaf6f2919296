import type { Clock, Timer } from '../../../common/clock.js';
import { isRetryTopic, RETRY_GROUP_TOPIC_PREFIX } from '../../../common/mix-all.js';
import type { ConsumerData } from '../../../remoting/body/heartbeat-data.js';
import type { SubscriptionData } from '../../../remoting/body/subscription-data.js';
import type { Channel } from '../../../remoting/channel.js';
import { RequestCode } from '../../../remoting/request-code.js';
import { ChannelGroups } from './channel-groups.js';
import { ConsumerGroupInfo } from './consumer-group-info.js';

/** Milliseconds between looks for members that fell silent. */
const SCAN_INTERVAL = 10_000;

/** The live consumers of a broker by group (ConsumerManager). */
export class ConsumerManager {
  private readonly table = new Map<string, ConsumerGroupInfo>();
  private readonly channelGroups = new ChannelGroups();
  private timer: Timer | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly channelExpiredTimeout: number,
    /** Whether members of a group want to know when others come and go. */
    private readonly wantsNotices: (group: string) => boolean,
    private readonly onGroupGone: (group: string) => void = () => {},
    /** A live group wants something else of a topic than it did. */
    private readonly onSubscriptionReplaced: (group: string, topic: string) => void = () => {},
  ) {}

  getConsumerGroupInfo(group: string): ConsumerGroupInfo | undefined {
    return this.table.get(group);
  }

  /** What a live group wants of a topic. */
  findSubscriptionData(group: string, topic: string): SubscriptionData | undefined {
    return this.table.get(group)?.subscriptionOf(topic);
  }

  /** Whether a live group subscribes to other topics, and not to this one. */
  hasLeftTopic(group: string, topic: string): boolean {
    const info = this.table.get(group);
    return info !== undefined && info.subscriptions.size > 0 && info.subscriptionOf(topic) === undefined;
  }

  /** The live groups that subscribe to a topic. */
  queryTopicConsumeByWho(topic: string): string[] {
    return [...this.table]
      .filter(([, info]) => info.subscriptionOf(topic) !== undefined)
      .map(([group]) => group);
  }

  /** Why a client cannot be a member of the group, too; undefined when it can. */
  refusalOf(channel: Channel, group: string): string | undefined {
    return this.channelGroups.refusalOf(channel, group);
  }

  registerConsumer(channel: Channel, clientId: string, data: ConsumerData): void {
    const info = this.table.get(data.groupName) ?? this.create(data.groupName);
    this.channelGroups.add(channel, data.groupName);
    if (info.update(channel, clientId, data, this.clock.monotonicNow())) this.notify(data.groupName, info);
    this.timer ??= this.clock.setTimeout(() => this.scan(), SCAN_INTERVAL);
  }

  private create(group: string): ConsumerGroupInfo {
    const info = new ConsumerGroupInfo((topic) => this.onSubscriptionReplaced(group, topic));
    this.table.set(group, info);
    return info;
  }

  unregisterConsumer(channel: Channel, group: string): void {
    const info = this.table.get(group);
    if (info === undefined || !info.remove(channel)) return;
    this.channelGroups.delete(channel, group);
    if (!info.isEmpty) return this.notify(group, info);
    this.table.delete(group);
    this.onGroupGone(group);
  }

  /** A topic is new or has changed: whoever subscribes to it looks at its queues again. */
  onTopicChanged(topic: string): void {
    // One heartbeat can bring thousands of groups, each with a retry topic, which only the group itself consumes.
    const groups = isRetryTopic(topic) ? [topic.slice(RETRY_GROUP_TOPIC_PREFIX.length)] : this.table.keys();
    for (const group of groups) {
      const info = this.table.get(group);
      if (info?.subscriptionOf(topic) !== undefined) this.push(group, info);
    }
  }

  onChannelClosed(channel: Channel): void {
    for (const group of this.channelGroups.of(channel)) this.unregisterConsumer(channel, group);
  }

  stop(): void {
    this.clock.clearTimeout(this.timer);
  }

  private notify(consumerGroup: string, info: ConsumerGroupInfo): void {
    // Members of a broadcasting group do not share queues.
    if (info.messageModel !== 'BROADCASTING' && this.wantsNotices(consumerGroup))
      this.push(consumerGroup, info);
  }

  private push(consumerGroup: string, info: ConsumerGroupInfo): void {
    for (const channel of info.channels()) {
      channel.push({
        code: RequestCode.NOTIFY_CONSUMER_IDS_CHANGED,
        header: { consumerGroup },
        body: undefined,
      });
    }
  }

  private scan(): void {
    const oldest = this.clock.monotonicNow() - this.channelExpiredTimeout;
    for (const [group, info] of this.table) {
      for (const channel of info.silentSince(oldest)) this.unregisterConsumer(channel, group);
    }
    this.timer = this.table.size === 0 ? undefined : this.clock.setTimeout(() => this.scan(), SCAN_INTERVAL);
  }
}
