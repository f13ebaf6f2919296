import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../common/clock.js';
import { MASTER_ID } from '../common/mix-all.js';
import { MQClientError } from '../errors/mq-client.error.js';
import { brokersFault, routeFault } from '../remoting/body/route-fault.js';
import type { BrokerData, TopicRouteData } from '../remoting/body/topic-route-data.js';
import type { RemotingRequest, RemotingResponse } from '../remoting/remoting-command.js';
import { RequestCode } from '../remoting/request-code.js';
import { ResponseCode } from '../remoting/response-code.js';
import { BrokerAddrTable } from './broker-addr-table.js';
import type { NameServers } from './name-servers.js';

/** Milliseconds between two looks at the route of a topic of which a broker does not answer. */
const ROUTE_REFRESH_INTERVAL = 1000;
/** Looks at all routes in a row after which one is forgotten that name servers do not know: when they are restarted, they know none for one or two. */
const MAX_MISSES = 10;
/** Routes that are asked for at a time, when all are: what thousands of answers need at once outlives young garbage. */
const UPDATES_AT_ONCE = 32;

export interface TopicRouteTableOptions {
  readonly nameServers: NameServers;
  readonly clock: Clock;
  /** Milliseconds that a name server has to answer. */
  readonly timeoutMillis: number;
  /** The route of a topic is new, another one, or forgotten. */
  readonly onRouteChanged: (topic: string) => void;
}

/** What a client has learned from name servers: routes of topics, and addresses of brokers (the tables of MQClientInstance). */
export class TopicRouteTable {
  readonly brokerAddrs = new BrokerAddrTable();
  private readonly routes = new Map<string, TopicRouteData>();
  private readonly requests = new Map<string, Promise<TopicRouteData | undefined>>();
  private readonly refreshes = new Map<string, number>();
  private readonly misses = new Map<string, number>();
  /** Of the whole cluster; none until somebody asked for them. */
  private clusterBrokers: readonly BrokerData[] = [];

  constructor(private readonly options: TopicRouteTableOptions) {}

  /** Whether the brokers of the whole cluster are known. */
  get knowsCluster(): boolean {
    return this.clusterBrokers.length > 0;
  }

  topics(): IterableIterator<string> {
    return this.routes.keys();
  }

  get(topic: string): TopicRouteData | undefined {
    return this.routes.get(topic);
  }

  /** Asks for the route of a topic; calls that come meanwhile share the answer. */
  update(topic: string): Promise<TopicRouteData | undefined> {
    let request = this.requests.get(topic);
    if (request === undefined) {
      request = this.fetch(topic).finally(() => this.requests.delete(topic));
      this.requests.set(topic, request);
    }
    return request;
  }

  /** The same, at most once a second; failures show when the route is needed. */
  refresh(topic: string): void {
    const now = this.options.clock.monotonicNow();
    if (now < (this.refreshes.get(topic) ?? 0)) return;
    this.refreshes.set(topic, now + ROUTE_REFRESH_INTERVAL);
    this.update(topic).catch(() => {});
  }

  /**
   * Asks for the routes of topics, and forgets those that name servers have not known for long, and brokers that are in none; a topic
   * that fails keeps its route, and others from nothing.
   */
  async updateAll(topics: Iterable<string>): Promise<void> {
    let failed: Promise<unknown> | undefined;
    const attempt = (work: Promise<void>) => work.catch(() => void (failed ??= work));
    if (this.knowsCluster) await attempt(this.updateBrokers());
    const left = [...topics].values();
    const updateLeft = async () => {
      for (const topic of left) await attempt(this.look(topic));
    };
    await Promise.all(Array.from({ length: UPDATES_AT_ONCE }, updateLeft));
    this.brokerAddrs.retain([...this.routedBrokers(), ...this.clusterBrokers]);
    await failed;
  }

  /**
   * Asks for all brokers of the cluster once; while no name server answers, those that are known will do.
   *
   * @throws MQClientError when none is known.
   */
  async learnBrokers(): Promise<void> {
    try {
      if (!this.knowsCluster) await this.updateBrokers();
    } catch (error) {
      if (this.brokerAddrs.isEmpty) throw error;
    }
  }

  /** Asks for all brokers of the cluster. */
  async updateBrokers(): Promise<void> {
    const code = RequestCode.GET_BROKER_CLUSTER_INFO;
    const { body } = await this.ask({ code, header: undefined, body: undefined });
    const brokers = [...body!.brokerAddrTable.values()];
    const fault = brokersFault('The cluster', brokers);
    if (fault !== undefined) throw new MQClientError(fault);
    this.clusterBrokers = brokers;
    this.brokerAddrs.keep(brokers);
    this.brokerAddrs.keep(this.actingMasters());
  }

  /** Names of the brokers with a master, as {@link updateBrokers} was told last. */
  mastersOfCluster(): string[] {
    const masters = this.clusterBrokers.filter(({ brokerAddrs }) => brokerAddrs.has(MASTER_ID));
    return masters.map(({ brokerName }) => brokerName);
  }

  /** Addresses of the masters that have a topic; of all of the cluster while none has it. */
  mastersOf(topic: string): string[] {
    const brokers = this.routes.get(topic)?.brokerDatas ?? this.clusterBrokers;
    return brokers.flatMap(({ brokerAddrs }) => brokerAddrs.get(MASTER_ID) ?? []);
  }

  private async fetch(topic: string): Promise<TopicRouteData | undefined> {
    const code = RequestCode.GET_ROUTEINFO_BY_TOPIC;
    const response = await this.ask({ code, header: { topic }, body: undefined });
    if (response.code === ResponseCode.TOPIC_NOT_EXIST) return undefined;
    const fault = routeFault(topic, response.body!);
    if (fault !== undefined) throw new MQClientError(fault);
    return this.keep(topic, response.body!);
  }

  private keep(topic: string, route: TopicRouteData): TopicRouteData {
    this.misses.delete(topic);
    this.brokerAddrs.keep(route.brokerDatas);
    if (isDeepStrictEqual(this.routes.get(topic), route)) return route;
    this.routes.set(topic, route);
    this.options.onRouteChanged(topic);
    return route;
  }

  private async look(topic: string): Promise<void> {
    if ((await this.update(topic)) !== undefined || !this.routes.has(topic)) return;
    const misses = (this.misses.get(topic) ?? 0) + 1;
    this.misses.set(topic, misses);
    if (misses >= MAX_MISSES) this.forget(topic);
  }

  private forget(topic: string): void {
    for (const table of [this.routes, this.refreshes, this.misses]) table.delete(topic);
    this.options.onRouteChanged(topic);
  }

  /** Only routes say that a slave is asked for what its master would be (RouteInfoManager#pickupTopicRouteData). */
  private actingMasters(): BrokerData[] {
    const masterless = this.clusterBrokers.filter(({ brokerAddrs }) => !brokerAddrs.has(MASTER_ID));
    const slaves = new Set(masterless.flatMap(({ brokerAddrs }) => [...brokerAddrs.values()]));
    return this.routedBrokers().filter(({ brokerAddrs }) => slaves.has(brokerAddrs.get(MASTER_ID) ?? ''));
  }

  private routedBrokers(): BrokerData[] {
    return [...this.routes.values()].flatMap(({ brokerDatas }) => brokerDatas);
  }

  private ask<C extends RequestCode>(request: RemotingRequest<C>): Promise<RemotingResponse<C>> {
    return this.options.nameServers.request(request, this.options.timeoutMillis);
  }
}
