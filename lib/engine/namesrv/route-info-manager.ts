import { PermName } from '../../common/perm-name.js';
import type {
  BrokerData,
  ClusterInfo,
  QueueData,
  TopicRouteData,
} from '../../remoting/body/topic-route-data.js';
import type { BrokerIdentity } from '../../remoting/header/register-broker-request-header.js';

/** What a broker tells a name server of one of its topics. */
export type TopicRegistration = Omit<QueueData, 'brokerName'>;

/** Which broker has which topic (RouteInfoManager). */
export class RouteInfoManager {
  /** Topic to broker name to its queues. */
  private readonly topicQueueTable = new Map<string, Map<string, QueueData>>();
  private readonly brokerAddrTable = new Map<string, BrokerData>();

  registerBroker(broker: BrokerData): void {
    this.brokerAddrTable.set(broker.brokerName, broker);
  }

  registerTopic(brokerName: string, topic: string, registration: TopicRegistration): void {
    let queues = this.topicQueueTable.get(topic);
    if (queues === undefined) this.topicQueueTable.set(topic, (queues = new Map()));
    queues.set(brokerName, { ...registration, brokerName });
  }

  unregisterTopic(brokerName: string, topic: string): void {
    const queues = this.topicQueueTable.get(topic);
    queues?.delete(brokerName);
    if (queues?.size === 0) this.topicQueueTable.delete(topic);
  }

  brokerOf(brokerName: string): BrokerData | undefined {
    return this.brokerAddrTable.get(brokerName);
  }

  topicCountOf(brokerName: string): number {
    let count = 0;
    for (const queues of this.topicQueueTable.values()) if (queues.has(brokerName)) count++;
    return count;
  }

  /** The topics of all brokers, each as often as brokers have it. */
  get topicCount(): number {
    let count = 0;
    for (const queues of this.topicQueueTable.values()) count += queues.size;
    return count;
  }

  hasTopic(brokerName: string, topic: string): boolean {
    return this.topicQueueTable.get(topic)?.has(brokerName) ?? false;
  }

  /** Adds a master or slave to the broker of its name; whoever registers first says of which cluster that is. */
  addBrokerAddr({ clusterName, brokerName, brokerId, brokerAddr }: BrokerIdentity): void {
    const { cluster = clusterName, brokerAddrs = [] } = this.brokerAddrTable.get(brokerName) ?? {};
    this.registerBroker({
      cluster,
      brokerName,
      brokerAddrs: new Map([...brokerAddrs, [brokerId, brokerAddr]]),
    });
  }

  /** With its last address a broker is gone, and its topics are. */
  removeBrokerAddr({ brokerName, brokerId }: BrokerIdentity): void {
    const broker = this.brokerAddrTable.get(brokerName);
    if (broker === undefined) return;
    const brokerAddrs = new Map([...broker.brokerAddrs].filter(([id]) => id !== brokerId));
    if (brokerAddrs.size > 0) return this.registerBroker({ ...broker, brokerAddrs });
    this.brokerAddrTable.delete(brokerName);
    for (const topic of this.topicQueueTable.keys()) this.unregisterTopic(brokerName, topic);
  }

  /** All topics that some broker has. */
  topics(): string[] {
    return [...this.topicQueueTable.keys()];
  }

  /** The topics of the brokers of a cluster. */
  topicsOf(cluster: string): string[] {
    const brokers = this.brokersOf(cluster);
    return [...this.topicQueueTable]
      .filter(([, queues]) => [...queues.keys()].some((brokerName) => brokers.has(brokerName)))
      .map(([topic]) => topic);
  }

  /** Forgets a topic, of a cluster or altogether. A broker that still has it registers it again. */
  deleteTopic(topic: string, cluster: string | undefined): void {
    const queues = this.topicQueueTable.get(topic);
    if (queues === undefined) return;
    const brokers = cluster === undefined || cluster === '' ? [...queues.keys()] : this.brokersOf(cluster);
    for (const brokerName of brokers) this.unregisterTopic(brokerName, topic);
  }

  /** Lets nobody write to a broker any more, until it registers its topics again; returns how many topics it has. */
  wipeWritePerm(brokerName: string): number {
    return this.changePerm(brokerName, (perm) => perm & ~PermName.WRITE);
  }

  addWritePerm(brokerName: string): number {
    return this.changePerm(brokerName, () => PermName.READ | PermName.WRITE);
  }

  private changePerm(brokerName: string, change: (perm: number) => number): number {
    let count = 0;
    for (const queues of this.topicQueueTable.values()) {
      const data = queues.get(brokerName);
      if (data === undefined) continue;
      queues.set(brokerName, { ...data, perm: change(data.perm) });
      count++;
    }
    return count;
  }

  private brokersOf(cluster: string): Set<string> {
    const members = [...this.brokerAddrTable.values()].filter((broker) => broker.cluster === cluster);
    return new Set(members.map(({ brokerName }) => brokerName));
  }

  getAllClusterInfo(): ClusterInfo {
    return { brokerAddrTable: this.brokerAddrTable };
  }

  /** The route of a topic; undefined when no broker has it. */
  pickupTopicRouteData(topic: string): TopicRouteData | undefined {
    const queueDatas = [...(this.topicQueueTable.get(topic)?.values() ?? [])];
    if (queueDatas.length === 0) return undefined;
    const brokerDatas = queueDatas.map(({ brokerName }) => this.brokerAddrTable.get(brokerName)!);
    return { queueDatas, brokerDatas };
  }
}
