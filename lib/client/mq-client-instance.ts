import type { Clock, Timer } from '../common/clock.js';
import { escapedLogger, type Logger } from '../common/logger.js';
import { decodeMessages } from '../common/message-decoder.js';
import type { MessageExt } from '../common/message-ext.js';
import { CLIENT_INNER_PRODUCER_GROUP } from '../common/mix-all.js';
import { withoutNamespace, wrapNamespace } from '../common/namespace-util.js';
import { resolveOptions } from '../common/option-rules.js';
import { MQBrokerError } from '../errors/mq-broker.error.js';
import { MQClientError } from '../errors/mq-client.error.js';
import type { ConsumerData, HeartbeatData } from '../remoting/body/heartbeat-data.js';
import type { TopicRouteData } from '../remoting/body/topic-route-data.js';
import type { RemotingRequest, RemotingResponse } from '../remoting/remoting-command.js';
import { RequestCode } from '../remoting/request-code.js';
import { ClientErrorCode, ResponseCode } from '../remoting/response-code.js';
import type { ConnectionChange } from '../remoting/transport/connection-change.js';
import { invoke, type Transport } from '../remoting/transport/transport.js';
import type { FoundBroker } from './broker-addr-table.js';
import { ConnectionTable, type ConnectionStatus } from './connection-table.js';
import { buildClientId, clientRules, type ClientConfig } from './client-config.js';
import { ClientRemotingProcessor } from './client-remoting-processor.js';
import type { ConsumerAdmin } from './consumer/consumer-admin.js';
import { ConsumeTurns } from './consumer/consume-turns.js';
import { RequestFutureTable } from './producer/request-future-table.js';
import type { ProducerInner } from './producer/producer-inner.js';
import { Introductions } from './introductions.js';
import { NameServers } from './name-servers.js';
import { PacedWork } from './paced-work.js';
import { TopicRouteTable } from './topic-route-table.js';

/** Milliseconds until brokers first hear of a client that only sends (MQClientInstance#startScheduledTask). */
const FIRST_HEARTBEAT = 1000;

export interface MQClientOptions {
  readonly transport: Transport;
  /** Addresses of name servers; they are asked in turn. */
  readonly namesrvAddrs: readonly string[];
  readonly config?: Partial<ClientConfig>;
  /** In place of the address of this machine in {@link MQClientInstance.localOffsetStoreId}. */
  readonly localOffsetStoreHost?: string | undefined;
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
  readonly consumeTurns: ConsumeTurns;
  /** The requests that wait for their reply. */
  readonly requests: RequestFutureTable;
  private readonly nameServers: NameServers;
  private readonly routes: TopicRouteTable;
  private readonly producers = new Map<string, ProducerInner>();
  private readonly consumers = new Map<string, ConsumerInner>();
  private readonly introductions: Introductions;
  private readonly connections = new ConnectionTable((address) => this.transport.isNear?.(address) ?? false);
  private readonly heartbeats: PacedWork;
  private readonly timers = new Map<() => unknown, Timer>();
  private isRunning = false;

  constructor(options: MQClientOptions) {
    this.config = resolveOptions('client', clientRules, options.config);
    this.transport = options.transport;
    this.clock = options.clock;
    this.random = options.random;
    this.logger = escapedLogger(options.logger);
    this.consumeTurns = new ConsumeTurns(options.clock);
    this.requests = new RequestFutureTable(options.clock);
    this.introductions = new Introductions(options.clock);
    this.heartbeats = new PacedWork(options.clock, () => this.logged(() => this.sendHeartbeatToAllBrokers()));
    this.nameServers = new NameServers(options.transport, options.namesrvAddrs, options.random);
    this.routes = new TopicRouteTable({
      nameServers: this.nameServers,
      clock: options.clock,
      timeoutMillis: this.config.mqClientApiTimeout,
      onRouteChanged: (topic) => this.onRouteChanged(topic),
    });
    const { instanceName, unitName } = this.config;
    const unique = `${process.pid}#${process.hrtime.bigint()}`;
    this.clientId = buildClientId(instanceName === 'DEFAULT' ? unique : instanceName, unitName);
    this.localOffsetStoreId = buildClientId(instanceName, unitName, options.localOffsetStoreHost);
    const processor = new ClientRemotingProcessor(this);
    this.transport.onRequest((request, reply) => processor.process(request, reply));
    this.transport.onConnectionChange((change) => this.onConnectionChange(change));
  }

  get namesrvAddrs(): readonly string[] {
    return this.nameServers.addresses;
  }

  /** As brokers know a topic or group of this client. */
  withNamespace(resource: string): string {
    return wrapNamespace(this.config.namespace, resource);
  }

  /** As the application knows a topic or group. */
  withoutNamespace(resource: string): string {
    return withoutNamespace(resource, this.config.namespace);
  }

  /** The connections over TCP as they are now. */
  connectionStatuses(): readonly ConnectionStatus[] {
    return this.connections.statuses();
  }

  /** The newest change of the connection to an address; none within a process. */
  connectionStatus(address: string): ConnectionStatus | undefined {
    return this.connections.find(address);
  }

  /** Who is told of every change of a connection. */
  onConnectionStatus(listener: (status: ConnectionStatus) => void): void {
    this.connections.onStatus(listener);
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
    this.requests.close();
    for (const timer of this.timers.values()) this.clock.clearTimeout(timer);
    this.timers.clear();
    this.heartbeats.stop();
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

  /** The producer of a group, if this client has it. */
  producerOf(group: string): ProducerInner | undefined {
    return this.producers.get(group);
  }

  /** The route of a topic as it was last seen. */
  routeOf(topic: string): TopicRouteData | undefined {
    return this.routes.get(topic);
  }

  /** Asks the name servers for the route of a topic; undefined when they do not know it. */
  updateTopicRouteInfo(topic: string): Promise<TopicRouteData | undefined> {
    return this.routes.update(topic);
  }

  /**
   * Looks again at the route of a topic of which a broker does not answer, so that what is left of the cluster is used
   * before the next look at all routes. Failures show when the route is needed.
   */
  refreshRoute(topic: string): void {
    this.routes.refresh(topic);
  }

  findBrokerAddressInPublish(brokerName: string): string | undefined {
    return this.routes.brokerAddrs.findInPublish(brokerName);
  }

  /** The member of a broker to read from: that with the id, if there is one. */
  findBrokerAddressInSubscribe(brokerName: string, brokerId: number): FoundBroker | undefined {
    return this.routes.brokerAddrs.findInSubscribe(brokerName, brokerId);
  }

  /** Names of the brokers that take messages now. */
  brokerNames(): string[] {
    return this.routes.brokerAddrs.brokerNames();
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
    return this.requestFrom(this.brokerAddressOf(brokerName), request, timeoutMillis);
  }

  /**
   * Sends a request to a broker, whichever member of it is at the address.
   *
   * @throws MQBrokerError when the answer is an error.
   */
  async requestFrom<C extends RequestCode>(
    address: string,
    request: RemotingRequest<C>,
    timeoutMillis = this.config.mqClientApiTimeout,
  ): Promise<RemotingResponse<C>> {
    const response = await invoke(this.transport, address, request, timeoutMillis);
    if (response.code === ResponseCode.SUCCESS) return response;
    throw new MQBrokerError(response.code, response.remark ?? '', address);
  }

  /** The messages of an answer; `onDamaged` is called for each record that is left out. */
  decode(body: Buffer, onDamaged?: () => void): MessageExt[] {
    return decodeMessages(body, this.config.maxMessageSize, onDamaged);
  }

  /** Tells every broker that this client lives, and what it, or some of it, consumes; slaves hear of consumers only. */
  async sendHeartbeatToAllBrokers(consumers = [...this.consumers.values()]): Promise<void> {
    if (this.routes.brokerAddrs.isEmpty) await this.updateBrokers();
    const addresses = this.routes.brokerAddrs.addresses(this.consumers.size > 0);
    await Promise.all(
      addresses.map((address) =>
        this.sendHeartbeat(address, consumers).catch((error) =>
          this.logger.warn(`Heartbeat to broker ${address} failed: ${String(error)}`),
        ),
      ),
    );
  }

  /** The same soon, for who does not wait: each of a thousand queues may find out that a broker has forgotten this client. */
  sendHeartbeatSoon(): void {
    this.heartbeats.ask();
  }

  /** Addresses of the masters that have a topic; of all of the cluster while none has it. */
  brokerAddressesOf(topic: string): string[] {
    return this.routes.mastersOf(topic);
  }

  /** Addresses of all brokers that are known. */
  brokerAddresses(): string[] {
    return this.routes.brokerAddrs.addresses(true);
  }

  /** @throws MQClientError when the broker does not answer, MQBrokerError when it refuses. */
  async sendHeartbeat(address: string, consumers = [...this.consumers.values()]): Promise<void> {
    const body = this.heartbeatData(consumers);
    await this.requestFrom(address, { code: RequestCode.HEART_BEAT, header: undefined, body });
    this.introductions.note(address);
  }

  /** Sees to it that every master that answers can push a reply to this client. */
  async introduce(): Promise<void> {
    // A reply may come from any broker of the cluster, whatever topics this client knows.
    await this.routes.learnBrokers();
    await this.introductions.tell(
      this.routes.brokerAddrs.addresses(false),
      (address) => this.logged(() => this.sendHeartbeat(address)),
      (address) => this.connections.isDown(address),
    );
  }

  async rebalanceImmediately(): Promise<void> {
    await Promise.all([...this.consumers.values()].map((consumer) => consumer.doRebalance()));
  }

  /**
   * Learns of all brokers: of those too that have no topic of this client yet.
   *
   * @throws MQClientError when no name server answers.
   */
  updateBrokers(): Promise<void> {
    return this.routes.updateBrokers();
  }

  /** Names of the brokers of the cluster with a master, as {@link updateBrokers} was told last. */
  mastersOfCluster(): string[] {
    return this.routes.mastersOfCluster();
  }

  private onRouteChanged(topic: string): void {
    for (const producer of this.producers.values()) producer.onRouteChanged(topic);
  }

  private async updateRoutes(): Promise<void> {
    const topics = new Set(this.routes.topics());
    for (const consumer of this.consumers.values()) for (const topic of consumer.topics) topics.add(topic);
    try {
      await this.routes.updateAll(topics);
    } finally {
      const { brokerAddrs } = this.routes;
      this.connections.retain(new Set([...this.nameServers.addresses, ...brokerAddrs.addresses(true)]));
    }
  }

  private heartbeatData(consumers: readonly ConsumerInner[]): HeartbeatData {
    return {
      clientID: this.clientId,
      producerDataSet: [...this.producers.keys(), CLIENT_INNER_PRODUCER_GROUP].map((groupName) => ({
        groupName,
      })),
      consumerDataSet: consumers.map((consumer) => consumer.consumerData()),
    };
  }

  private async persistAllConsumerOffsets(): Promise<void> {
    for (const consumer of this.consumers.values()) consumer.persistConsumerOffset();
  }

  private unregister(header: { clientID: string; producerGroup?: string; consumerGroup?: string }): void {
    const request = { code: RequestCode.UNREGISTER_CLIENT, header, body: undefined };
    for (const address of this.brokerAddresses()) this.transport.invokeOneway(address, request);
  }

  private onConnectionChange(change: ConnectionChange): void {
    const { address, state } = change;
    const isNameServer = this.nameServers.addresses.includes(address);
    this.connections.update({ ...change, role: isNameServer ? 'nameServer' : 'broker' });
    if (state !== 'connected') return this.introductions.forget(address);
    // A broker may have been restarted and have forgotten its clients, or be a new one (MQClientInstance, #onChannelActive).
    const isAnybody = this.consumers.size > 0 || this.producers.size > 0;
    if (isAnybody && this.brokerAddresses().includes(address)) this.sendHeartbeat(address).catch(() => {});
  }

  private every(interval: number, work: () => Promise<void>, first = interval): void {
    const run = () => {
      this.timers.set(work, this.clock.setTimeout(run, interval));
      void this.logged(work);
    };
    this.timers.set(work, this.clock.setTimeout(run, Math.min(first, interval)));
  }

  /** Does work that nobody waits for; false, and a line in the log, when it failed. */
  async logged(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      const text = `Background work of client ${this.clientId} failed: ${String(error)}`;
      if (this.isRunning) this.logger.warn(text);
      return false;
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
