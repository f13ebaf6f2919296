import type {
  ConsumeFromWhere,
  ConsumerData,
  ConsumeType,
  MessageModel,
} from '../../../remoting/body/heartbeat-data.js';
import type { SubscriptionData } from '../../../remoting/body/subscription-data.js';
import type { Channel } from '../../../remoting/channel.js';
import type { ClientChannelInfo } from './client-channel-info.js';

/** The live members of a consumer group and what they subscribe to (ConsumerGroupInfo). */
export class ConsumerGroupInfo {
  /** As the last heartbeat says, also the next two. */
  consumeType!: ConsumeType;
  messageModel!: MessageModel;
  consumeFromWhere!: ConsumeFromWhere;
  readonly clients = new Map<Channel, ClientChannelInfo>();
  readonly subscriptions = new Map<string, SubscriptionData>();
  /** By topic the member whose subscription it is, or that says the same of the same version; none when that has left. */
  private readonly authors = new Map<string, Channel>();

  constructor(
    /** The group wants something else of a topic than it did. */
    private readonly onReplaced: (topic: string) => void,
  ) {}

  get isEmpty(): boolean {
    return this.clients.size === 0;
  }

  channels(): IterableIterator<Channel> {
    return this.clients.keys();
  }

  clientIds(): string[] {
    return [...this.channelsById().keys()];
  }

  /** By client id its newest connection: one that connects again may not have been noticed to be gone before. */
  channelsById(): Map<string, Channel> {
    return new Map([...this.clients].map(([channel, { clientId }]) => [clientId, channel]));
  }

  subscriptionOf(topic: string): SubscriptionData | undefined {
    return this.subscriptions.get(topic);
  }

  /** Takes in a heartbeat, that came `now` in the time of `Clock.monotonicNow`; true when a member or a topic is new or gone. */
  update(channel: Channel, clientId: string, data: ConsumerData, now: number): boolean {
    this.consumeType = data.consumeType;
    this.messageModel = data.messageModel;
    this.consumeFromWhere = data.consumeFromWhere;
    const isNew = this.clients.get(channel)?.clientId !== clientId;
    this.clients.set(channel, { clientId, lastUpdate: now });
    return this.updateSubscriptions(channel, data.subscriptionDataSet) || isNew;
  }

  remove(channel: Channel): boolean {
    for (const [topic, author] of this.authors) if (author === channel) this.authors.delete(topic);
    return this.clients.delete(channel);
  }

  /** Members that were not heard of since `time`, in the time of `Clock.monotonicNow`. */
  silentSince(time: number): Channel[] {
    return [...this.clients].filter(([, client]) => client.lastUpdate < time).map(([channel]) => channel);
  }

  /** The last heartbeat decides which topics the group has. */
  private updateSubscriptions(channel: Channel, subscriptions: readonly SubscriptionData[]): boolean {
    let isChanged = false;
    for (const subscription of subscriptions) {
      const { topic } = subscription;
      const present = this.subscriptions.get(topic);
      isChanged ||= present === undefined;
      if (present === undefined || this.isReplaced(present, subscription)) {
        this.subscriptions.set(topic, subscription);
        if (present !== undefined && !isSameSelection(present, subscription)) this.onReplaced(topic);
      }
      const kept = this.subscriptions.get(topic)!;
      if (subscription.subVersion >= kept.subVersion && isSameSelection(kept, subscription))
        this.authors.set(topic, channel);
    }
    const topics = new Set(subscriptions.map((subscription) => subscription.topic));
    for (const topic of this.subscriptions.keys()) {
      if (topics.has(topic)) continue;
      isChanged = this.subscriptions.delete(topic);
      this.authors.delete(topic);
    }
    return isChanged;
  }

  /** An older expression replaces a newer one only of a member that has left: its clock may have been ahead, or have counted nanoseconds. */
  private isReplaced(present: SubscriptionData, subscription: SubscriptionData): boolean {
    if (subscription.subVersion > present.subVersion) return true;
    return !this.authors.has(present.topic) && !isSameSelection(present, subscription);
  }
}

function isSameSelection(one: SubscriptionData, other: SubscriptionData): boolean {
  return one.subString === other.subString && one.expressionType === other.expressionType;
}
