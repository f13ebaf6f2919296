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

  brokerOf(brokerName: string): BrokerData | undefined {
    return this.brokerAddrTable.get(brokerName);
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
    for (const [topic, queues] of this.topicQueueTable) {
      queues.delete(brokerName);
      if (queues.size === 0) this.topicQueueTable.delete(topic);
    }
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
