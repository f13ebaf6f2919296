import type { Clock, Timer } from '../../common/clock.js';
import { LimitedLogger } from '../../common/limited-logger.js';
import type { Logger } from '../../common/logger.js';
import { MASTER_ID } from '../../common/mix-all.js';
import { NAME_PATTERN } from '../../common/topic-validator.js';
import { parseNamedAddress } from '../../common/host-port.js';
import type { DataVersion } from '../../remoting/body/data-version.js';
import {
  MAX_TOPICS,
  type RegisterBrokerBody,
  type RegisteredTopic,
} from '../../remoting/body/register-broker-body.js';
import type { Channel } from '../../remoting/channel.js';
import type {
  BrokerIdentity,
  RegisterBrokerRequestHeader,
  RegisterBrokerResponseHeader,
} from '../../remoting/header/register-broker-request-header.js';
import type { RouteInfoManager } from './route-info-manager.js';

/** Milliseconds without a word after which a broker is gone (RouteInfoManager#DEFAULT_BROKER_CHANNEL_EXPIRED_TIME). */
const BROKER_EXPIRED_TIME = 120_000;
/** Milliseconds between looks for brokers that are gone. */
const SCAN_INTERVAL = 5000;
/** Brokers that can be registered at the same time: anyone who reaches the name server may do it. */
const MAX_BROKERS = 1024;
const MAX_NAME_LENGTH = 255;
/** Topics of all brokers, each counted as often as brokers have it. */
const MAX_TOPICS_TOGETHER = 400_000;
/** With the prefix, group and topic of a retry topic. */
const MAX_TOPIC_LENGTH = 512;

interface BrokerLiveInfo extends BrokerIdentity {
  readonly haServerAddr: string;
  readonly timeout: number;
  readonly channel: Channel;
  dataVersion: DataVersion;
  /** In the time of `Clock.monotonicNow`. */
  lastUpdate: number;
}

/** The brokers of other processes, which are known as long as they say that they live (RouteInfoManager#brokerLiveTable). */
export class BrokerLiveTable {
  private readonly brokers = new Map<string, BrokerLiveInfo>();
  private timer: Timer | undefined;
  /** Of brokers that come and go, which anyone may say as often as they like. */
  private readonly arrivals: LimitedLogger;
  private readonly departures: LimitedLogger;

  constructor(
    private readonly routes: RouteInfoManager,
    private readonly clock: Clock,
    logger: Logger,
  ) {
    this.arrivals = new LimitedLogger(logger, clock);
    this.departures = new LimitedLogger(logger, clock);
  }

  /**
   * Registers a broker with its topics, or those of its topics that have changed (RouteInfoManager#registerBroker).
   *
   * @returns what a slave wants to know of its master, or why the broker is refused.
   */
  register(
    header: RegisterBrokerRequestHeader,
    { dataVersion, topicConfigTable }: RegisterBrokerBody,
    channel: Channel,
  ): RegisterBrokerResponseHeader | string {
    const fault =
      this.faultOf(header, dataVersion, topicConfigTable.size) ??
      this.faultOfTopics(header.brokerName, topicConfigTable.keys());
    if (fault !== undefined) return fault;
    const known = this.brokers.get(keyOf(header));
    this.removeConflicting(header);
    this.routes.addBrokerAddr(header);
    const isNew = known?.dataVersion === undefined || !isSameVersion(known.dataVersion, dataVersion);
    if (header.brokerId === MASTER_ID)
      this.registerTopics(header.brokerName, topicConfigTable.values(), isNew);
    const timeout = header.heartbeatTimeoutMillis ?? BROKER_EXPIRED_TIME;
    this.brokers.set(keyOf(header), {
      ...header,
      timeout,
      channel,
      dataVersion,
      lastUpdate: this.clock.monotonicNow(),
    });
    if (known === undefined) this.arrivals.log(`Broker ${describe(header)} registered`);
    this.timer ??= this.scanLater();
    return this.masterOf(header);
  }

  unregister(identity: BrokerIdentity): void {
    const broker = this.brokers.get(keyOf(identity));
    if (broker?.brokerName === identity.brokerName) this.remove(broker, 'has unregistered');
  }

  /** Notes that a broker lives; the version of its topics as it is known here. */
  heartbeat(identity: Omit<BrokerIdentity, 'brokerId'>): DataVersion | undefined {
    const broker = this.brokers.get(keyOf(identity));
    if (broker !== undefined) broker.lastUpdate = this.clock.monotonicNow();
    return broker?.dataVersion;
  }

  onChannelClosed(channel: Channel): void {
    for (const broker of this.brokers.values())
      if (broker.channel === channel) this.remove(broker, 'has closed its connection');
  }

  close(): void {
    this.clock.clearTimeout(this.timer);
    this.brokers.clear();
  }

  private faultOf(
    { brokerName, clusterName, brokerAddr, brokerId, ...header }: RegisterBrokerRequestHeader,
    { stateVersion }: DataVersion,
    topicCount: number,
  ): string | undefined {
    for (const name of [brokerName, clusterName])
      if (!NAME_PATTERN.test(name) || name.length > MAX_NAME_LENGTH)
        return `illegal name ${JSON.stringify(name)}`;
    if (parseNamedAddress(brokerAddr) === undefined) return `illegal address ${JSON.stringify(brokerAddr)}`;
    if (brokerId < 0) return `illegal broker id ${brokerId}`;
    if (header.heartbeatTimeoutMillis !== undefined && header.heartbeatTimeoutMillis <= 0)
      return `illegal heartbeatTimeoutMillis ${header.heartbeatTimeoutMillis}`;
    const others = [...this.brokers.values()].filter((broker) => broker.brokerName === brokerName);
    if (others.length === 0 && this.routes.brokerOf(brokerName) !== undefined)
      return `the broker name ${brokerName} belongs to the engine of this name server, give it another one`;
    const predecessor = others.find((broker) => broker.brokerId === brokerId);
    if (predecessor === undefined && topicCount === 1) return 'register broker failed';
    if (predecessor === undefined && this.brokers.size >= MAX_BROKERS)
      return `there are ${MAX_BROKERS} brokers`;
    const isOutdated = predecessor !== undefined && predecessor.dataVersion.stateVersion > stateVersion;
    if (isOutdated && predecessor.brokerAddr !== brokerAddr)
      return `the broker at ${predecessor.brokerAddr} has a higher stateVersion`;
    return undefined;
  }

  private faultOfTopics(brokerName: string, topics: Iterable<string>): string | undefined {
    let room = MAX_TOPICS - this.routes.topicCountOf(brokerName);
    let roomTogether = MAX_TOPICS_TOGETHER - this.routes.topicCount;
    for (const topic of topics) {
      if (topic.length > MAX_TOPIC_LENGTH)
        return `topic ${topic.slice(0, MAX_NAME_LENGTH)}… is longer than ${MAX_TOPIC_LENGTH} characters`;
      if (this.routes.hasTopic(brokerName, topic)) continue;
      if (room-- === 0) return `broker ${brokerName} has more than ${MAX_TOPICS} topics`;
      if (roomTogether-- <= 0) return `the brokers have more than ${MAX_TOPICS_TOGETHER} topics together`;
    }
    return undefined;
  }

  /** One address has one broker, and one broker one address: the newer registration holds. */
  private removeConflicting({ clusterName, brokerName, brokerId, brokerAddr }: BrokerIdentity): void {
    for (const broker of this.brokers.values()) {
      const isSameAddress = broker.brokerAddr === brokerAddr;
      const isSameBroker = broker.brokerName === brokerName && broker.brokerId === brokerId;
      if (isSameAddress && isSameBroker && broker.clusterName === clusterName) continue;
      if (isSameAddress || isSameBroker) this.remove(broker, `gives way to ${brokerName} at ${brokerAddr}`);
    }
  }

  private registerTopics(brokerName: string, topics: Iterable<RegisteredTopic>, isNew: boolean): void {
    for (const { topicName, readQueueNums, writeQueueNums, perm, topicSysFlag } of topics) {
      if (!isNew && this.routes.hasTopic(brokerName, topicName)) continue;
      this.routes.registerTopic(brokerName, topicName, { readQueueNums, writeQueueNums, perm, topicSysFlag });
    }
  }

  private masterOf({ brokerName, brokerId, clusterName }: BrokerIdentity): RegisterBrokerResponseHeader {
    const masterAddr = this.routes.brokerOf(brokerName)?.brokerAddrs.get(MASTER_ID);
    if (brokerId === MASTER_ID || masterAddr === undefined) return {};
    const master = this.brokers.get(keyOf({ clusterName, brokerAddr: masterAddr }));
    return { masterAddr, haServerAddr: master?.haServerAddr ?? '' };
  }

  private remove(broker: BrokerLiveInfo, reason: string): void {
    this.brokers.delete(keyOf(broker));
    this.routes.removeBrokerAddr(broker);
    this.departures.warn(`Broker ${describe(broker)} ${reason}`);
  }

  private scanLater(): Timer {
    return this.clock.setTimeout(() => this.scan(), SCAN_INTERVAL);
  }

  private scan(): void {
    const now = this.clock.monotonicNow();
    for (const broker of this.brokers.values())
      if (broker.lastUpdate + broker.timeout < now)
        this.remove(broker, `said nothing for ${broker.timeout} ms, and is gone`);
    this.timer = this.brokers.size === 0 ? undefined : this.scanLater();
  }
}

function keyOf({ clusterName, brokerAddr }: Pick<BrokerIdentity, 'clusterName' | 'brokerAddr'>): string {
  return `${clusterName}/${brokerAddr}`;
}

function describe({ brokerName, brokerId, brokerAddr }: BrokerIdentity): string {
  return `${brokerName} (id ${brokerId}) at ${brokerAddr}`;
}

/** DataVersion#equals. */
export function isSameVersion(a: DataVersion, b: DataVersion): boolean {
  return a.counter === b.counter && a.timestamp === b.timestamp && a.stateVersion === b.stateVersion;
}
