import type { Clock, Timer } from '../common/clock.js';
import type { Logger } from '../common/logger.js';
import { localIp } from '../common/message-client-id-setter.js';
import { CLIENT_INNER_PRODUCER_GROUP, MASTER_ID } from '../common/mix-all.js';
import { MQBrokerError } from '../errors/mq-broker.error.js';
import { MQClientError } from '../errors/mq-client.error.js';
import type { ConsumerData, HeartbeatData } from '../remoting/body/heartbeat-data.js';
import type { TopicRouteData } from '../remoting/body/topic-route-data.js';
import type { RemotingRequest, RemotingResponse } from '../remoting/remoting-command.js';
import { RequestCode } from '../remoting/request-code.js';
import { ClientErrorCode, ResponseCode } from '../remoting/response-code.js';
import { invoke, type Transport } from '../remoting/transport/transport.js';
import { resolveClientConfig, type ClientConfig } from './client-config.js';
import { ClientRemotingProcessor } from './client-remoting-processor.js';
import type { ConsumerAdmin } from './consumer/consumer-admin.js';

/** Milliseconds until brokers first hear of a client that only sends (MQClientInstance#startScheduledTask). */
const FIRST_HEARTBEAT = 1000;

export interface MQClientOptions {
  readonly transport: Transport;
  /** Addresses of name servers; they are asked in turn. */
  readonly namesrvAddrs: readonly string[];
  readonly config?: Partial<ClientConfig>;
  readonly clock: Clock;
  /** Numbers from 0 up to 1. */
  readonly random: () => number;
  readonly logger: Logger;
}

/** A consumer, as its instance sees it (MQConsumerInner). */
export interface ConsumerInner {
  readonly group: string;
  readonly topics: Iterable<string>;
  consumerData(): ConsumerData;
  doRebalance(): Promise<void>;
  persistConsumerOffset(): void;
  /** What administrators ask of a consumer. */
  readonly admin: ConsumerAdmin;
}

/** A producer, as its instance sees it (MQProducerInner). */
export interface ProducerInner {
  readonly group: string;
  onRouteChanged(topic: string): void;
}

/** One client: its connection, its routes, and the background work of its producers and consumers (MQClientInstance). */
export class MQClientInstance {
  readonly clientId: string;
  /** As {@link clientId}, but the same after every start: what broadcasting consumers find their offsets by. */
  readonly localOffsetStoreId: string;
  readonly config: ClientConfig;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly namesrvAddrs: readonly string[];
  private readonly routes = new Map<string, TopicRouteData>();
  private readonly routeRequests = new Map<string, Promise<TopicRouteData | undefined>>();
  /** Broker name to broker id to address. */
  private readonly brokerAddrs = new Map<string, ReadonlyMap<number, string>>();
  private readonly producers = new Map<string, ProducerInner>();
  private readonly consumers = new Map<string, ConsumerInner>();
  private readonly timers = new Map<() => unknown, Timer>();
  private isRunning = false;

  constructor(options: MQClientOptions) {
    this.config = resolveClientConfig(options.config);
    this.transport = options.transport;
    this.namesrvAddrs = options.namesrvAddrs;
    this.clock = options.clock;
    this.random = options.random;
    this.logger = options.logger;
    const { instanceName } = this.config;
    const unique = `${process.pid}#${process.hrtime.bigint()}`;
    this.clientId = `${localIp()}@${instanceName === 'DEFAULT' ? unique : instanceName}`;
    this.localOffsetStoreId = `${localIp()}@${instanceName}`;
    const processor = new ClientRemotingProcessor(this);
    this.transport.onRequest((request, reply) => processor.process(request, reply));
  }

  start(): void {
    if (this.isRunning) return;
    this.isRunning = true;
    const { pollNameServerInterval, heartbeatBrokerInterval, persistConsumerOffsetInterval } = this.config;
    this.every(pollNameServerInterval, () => this.updateRoutes());
    this.every(heartbeatBrokerInterval, () => this.sendHeartbeatToAllBrokers(), FIRST_HEARTBEAT);
    this.every(persistConsumerOffsetInterval, () => this.persistAllConsumerOffsets());
    this.every(this.config.rebalanceInterval, () => this.rebalanceImmediately());
  }

  /** Ends the background work and the connections. Producers and consumers are shut down before. */
  shutdown(): void {
    this.isRunning = false;
    for (const timer of this.timers.values()) this.clock.clearTimeout(timer);
    this.timers.clear();
    this.transport.close();
  }

  /** @throws MQClientError when there is one of the same group already. */
  registerProducer(producer: ProducerInner): void {
    register(this.producers, producer, 'producer');
  }

  unregisterProducer(producer: ProducerInner): void {
    this.producers.delete(producer.group);
    this.unregister({ clientID: this.clientId, producerGroup: producer.group });
  }

  /** @throws MQClientError when there is one of the same group already. */
  registerConsumer(consumer: ConsumerInner): void {
    register(this.consumers, consumer, 'consumer');
  }

  unregisterConsumer(consumer: ConsumerInner): void {
    this.consumers.delete(consumer.group);
    this.unregister({ clientID: this.clientId, consumerGroup: consumer.group });
  }

  /** The consumer of a group, if this client has it. */
  consumerOf(group: string): ConsumerInner | undefined {
    return this.consumers.get(group);
  }

  /** The route of a topic as it was last seen. */
  routeOf(topic: string): TopicRouteData | undefined {
    return this.routes.get(topic);
  }

  /** Asks the name servers for the route of a topic; undefined when they do not know it. */
  updateTopicRouteInfo(topic: string): Promise<TopicRouteData | undefined> {
    let request = this.routeRequests.get(topic);
    if (request === undefined) {
      request = this.fetchRoute(topic).finally(() => this.routeRequests.delete(topic));
      this.routeRequests.set(topic, request);
    }
    return request;
  }

  findBrokerAddressInPublish(brokerName: string): string | undefined {
    return this.brokerAddrs.get(brokerName)?.get(MASTER_ID);
  }

  /** @throws MQClientError when the address of the broker is not known. */
  brokerAddressOf(brokerName: string): string {
    const address = this.findBrokerAddressInPublish(brokerName);
    if (address !== undefined) return address;
    throw new MQClientError(`The broker[${brokerName}] not exist`, {
      responseCode: ClientErrorCode.BROKER_NOT_EXIST,
      retryable: true,
    });
  }

  /**
   * Sends a request to the master of a broker.
   *
   * @throws MQBrokerError when the answer is an error.
   */
  async request<C extends RequestCode>(
    brokerName: string,
    request: RemotingRequest<C>,
    timeoutMillis = this.config.mqClientApiTimeout,
  ): Promise<RemotingResponse<C>> {
    const address = this.brokerAddressOf(brokerName);
    const response = await invoke(this.transport, address, request, timeoutMillis);
    if (response.code === ResponseCode.SUCCESS) return response;
    throw new MQBrokerError(response.code, response.remark ?? '', address);
  }

  /** Tells every broker that this client lives, and what it consumes. */
  async sendHeartbeatToAllBrokers(): Promise<void> {
    const body = this.heartbeatData();
    if (this.brokerAddrs.size === 0) await this.updateBrokers();
    await Promise.all(
      [...this.brokerAddrs.keys()].map((brokerName) =>
        this.request(brokerName, { code: RequestCode.HEART_BEAT, header: undefined, body }).catch((error) =>
          this.logger.warn(`Heartbeat to broker ${brokerName} failed: ${String(error)}`),
        ),
      ),
    );
  }

  async rebalanceImmediately(): Promise<void> {
    await Promise.all([...this.consumers.values()].map((consumer) => consumer.doRebalance()));
  }

  private async fetchRoute(topic: string): Promise<TopicRouteData | undefined> {
    const code = RequestCode.GET_ROUTEINFO_BY_TOPIC;
    const response = await this.askNameServers({ code, header: { topic }, body: undefined });
    return response.code === ResponseCode.TOPIC_NOT_EXIST ? undefined : this.keepRoute(topic, response.body!);
  }

  /**
   * Learns of all brokers: of those too that have no topic of this client yet.
   *
   * @throws MQClientError when no name server answers.
   */
  async updateBrokers(): Promise<void> {
    const code = RequestCode.GET_BROKER_CLUSTER_INFO;
    const { body } = await this.askNameServers({ code, header: undefined, body: undefined });
    for (const { brokerName, brokerAddrs } of body!.brokerAddrTable.values()) {
      this.brokerAddrs.set(brokerName, brokerAddrs);
    }
  }

  /** Asks one name server after the other, until one answers with success or that there is no such topic. */
  private async askNameServers<C extends RequestCode>(
    request: RemotingRequest<C>,
  ): Promise<RemotingResponse<C>> {
    let lastError: unknown;
    for (const address of this.namesrvAddrs) {
      try {
        const response = await invoke(this.transport, address, request, this.config.mqClientApiTimeout);
        const { code, remark } = response;
        if (code === ResponseCode.SUCCESS || code === ResponseCode.TOPIC_NOT_EXIST) return response;
        lastError = new MQBrokerError(code, remark ?? '', address);
      } catch (error) {
        lastError = error;
      }
    }
    throw new MQClientError(`No name server of ${this.namesrvAddrs.join(';')} answers`, {
      cause: lastError,
      responseCode: ClientErrorCode.NO_NAME_SERVER,
      retryable: true,
    });
  }

  private keepRoute(topic: string, route: TopicRouteData): TopicRouteData {
    for (const broker of route.brokerDatas) this.brokerAddrs.set(broker.brokerName, broker.brokerAddrs);
    this.routes.set(topic, route);
    for (const producer of this.producers.values()) producer.onRouteChanged(topic);
    return route;
  }

  private async updateRoutes(): Promise<void> {
    const topics = new Set(this.routes.keys());
    for (const consumer of this.consumers.values()) for (const topic of consumer.topics) topics.add(topic);
    await Promise.all([...topics].map((topic) => this.updateTopicRouteInfo(topic)));
  }

  private heartbeatData(): HeartbeatData {
    return {
      clientID: this.clientId,
      producerDataSet: [...this.producers.keys(), CLIENT_INNER_PRODUCER_GROUP].map((groupName) => ({
        groupName,
      })),
      consumerDataSet: [...this.consumers.values()].map((consumer) => consumer.consumerData()),
    };
  }

  private async persistAllConsumerOffsets(): Promise<void> {
    for (const consumer of this.consumers.values()) consumer.persistConsumerOffset();
  }

  private unregister(header: { clientID: string; producerGroup?: string; consumerGroup?: string }): void {
    for (const address of [...this.brokerAddrs.values()].map((addresses) => addresses.get(MASTER_ID))) {
      const request = { code: RequestCode.UNREGISTER_CLIENT, header, body: undefined };
      if (address !== undefined) this.transport.invokeOneway(address, request);
    }
  }

  private every(interval: number, work: () => Promise<void>, first = interval): void {
    const run = () => {
      this.timers.set(work, this.clock.setTimeout(run, interval));
      void this.logged(work);
    };
    this.timers.set(work, this.clock.setTimeout(run, Math.min(first, interval)));
  }

  /** Does work that nobody waits for; what fails is logged. */
  async logged(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (this.isRunning)
        this.logger.warn(`Background work of client ${this.clientId} failed: ${String(error)}`);
    }
  }
}

function register<T extends { readonly group: string }>(
  table: Map<string, T>,
  member: T,
  kind: string,
): void {
  if (table.has(member.group)) {
    throw new MQClientError(
      `The ${kind} group[${member.group}] has been created before, specify another name please.`,
    );
  }
  table.set(member.group, member);
}
