/** Which brokers hold which queues of a topic (TopicRouteData). */
export interface TopicRouteData {
  readonly queueDatas: readonly QueueData[];
  readonly brokerDatas: readonly BrokerData[];
  /** `broker:queues` with `;` between, of a topic whose order is kept across brokers. */
  readonly orderTopicConf?: string;
  /** Of a static topic, by broker: where its logical queues are. */
  readonly topicQueueMappingByBroker?: ReadonlyMap<string, object>;
}

export interface QueueData {
  readonly brokerName: string;
  readonly readQueueNums: number;
  readonly writeQueueNums: number;
  readonly perm: number;
  readonly topicSysFlag: number;
}

export interface BrokerData {
  readonly cluster: string;
  readonly brokerName: string;
  /** Broker id (0: master) to `host:port`. */
  readonly brokerAddrs: ReadonlyMap<number, string>;
}

/** All brokers that a name server knows (ClusterInfo). */
export interface ClusterInfo {
  readonly brokerAddrTable: ReadonlyMap<string, BrokerData>;
}
