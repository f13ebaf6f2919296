import type {
  BrokerData,
  ClusterInfo,
  QueueData,
  TopicRouteData,
} from '../../remoting/body/topic-route-data.js';

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
