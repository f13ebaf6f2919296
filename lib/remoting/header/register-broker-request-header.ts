/** Which broker a request is about (UnRegisterBrokerRequestHeader, QueryDataVersionRequestHeader). */
export interface BrokerIdentity {
  readonly clusterName: string;
  readonly brokerName: string;
  readonly brokerAddr: string;
  /** 0: master. */
  readonly brokerId: number;
}

/** A broker registers with a name server (RegisterBrokerRequestHeader). */
export interface RegisterBrokerRequestHeader extends BrokerIdentity {
  readonly haServerAddr: string;
  /** Milliseconds after which the broker is gone when it says nothing; absent: the name server's own limit. */
  readonly heartbeatTimeoutMillis?: number;
  /** Whether the body is compressed. */
  readonly compressed: boolean;
  /** Of the body as it travels; 0 when it is not to be checked. */
  readonly bodyCrc32: number;
}

/** For a slave: where its master is (RegisterBrokerResponseHeader). */
export interface RegisterBrokerResponseHeader {
  readonly haServerAddr?: string;
  readonly masterAddr?: string;
}
