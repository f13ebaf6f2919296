import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { systemClock, type Clock } from '../common/clock.js';
import { endAll, endFailedStart } from '../common/end-all.js';
import { formatHostPort, isLoopback, parseHostPort } from '../common/host-port.js';
import { escapedLogger, silentLogger, type Logger } from '../common/logger.js';
import { MASTER_ID } from '../common/mix-all.js';
import { ConfigurationError } from '../errors/configuration.error.js';
import type { RequestHandler } from '../remoting/channel.js';
import { TcpTransport } from '../remoting/transport/tcp-transport.js';
import { InProcessTransport } from '../remoting/transport/in-process-transport.js';
import { BrokerController } from './broker/broker-controller.js';
import {
  addressesOf,
  brokerOptionNames,
  resolveBrokerConfig,
  type BrokerConfig,
} from './broker/broker-config.js';
import { BrokerOuterAPI } from './broker/out/broker-outer-api.js';
import type { TopicConfig } from '../remoting/body/topic-config.js';
import { EngineListener } from './engine-listener.js';
import {
  reachableHost,
  resolveListenOptions,
  type ListenOptions,
  type ResolvedListenOptions,
  wantsNamesrv,
} from './listen-options.js';
import { KVConfigManager } from './namesrv/kvconfig/kv-config-manager.js';
import { NamesrvController } from './namesrv/namesrv-controller.js';
import type { FileSystem } from '../common/file-system.js';
import {
  resolveMessageStoreConfig,
  storeOptionNames,
  type MessageStoreConfig,
} from './store/message-store-config.js';
import { StoreLock } from './store/store-lock.js';
import { nodeFileSystem } from '../common/node-file-system.js';

type Optional<T> = { [K in keyof T]?: T[K] | undefined };

/** Options of the engine, by the names of Apache's broker configuration; each has a default. */
export interface EngineOptions extends Optional<MessageStoreConfig>, Optional<BrokerConfig> {
  /** Let clients and tools of other processes in over TCP; `true` for the default addresses. Default: false. */
  listen?: boolean | Optional<ListenOptions> | undefined;
}

/** What the engine is built on; tests put in what they control. */
export interface EngineEnvironment {
  readonly clock?: Clock;
  readonly fileSystem?: FileSystem;
  /** Numbers from 0 up to 1. */
  readonly random?: () => number;
  readonly logger?: Logger;
}

/**
 * A complete RocketMQ inside this process: name server, broker and store. Clients of the process reach it through
 * {@link connect}, others only if it is told to `listen`.
 */
export class EmbeddedEngine {
  /** What clients of this engine take for the address of their name server. */
  namesrvAddr: string;
  /** Where clients reach the broker, once it is started. */
  brokerAddr = '';
  /** The name servers of other processes with which the broker is registered. */
  readonly outerNamesrvAddrs: readonly string[];
  /** The store directory, as an absolute path. */
  readonly storePathRootDir: string;
  /** Hours that messages are kept, as the engine was made. */
  readonly fileReservedTime: number;
  private readonly namesrv: NamesrvController;
  private readonly broker: BrokerController;
  private readonly servers = new Map<string, RequestHandler>();
  private readonly listenOptions: ResolvedListenOptions | undefined;
  private readonly listener: EngineListener | undefined;
  private readonly hasOwnNamesrv: boolean;
  private outerApi: BrokerOuterAPI | undefined;
  private readonly brokerConfig: BrokerConfig;
  private readonly clock: Clock;
  private readonly fileSystem: FileSystem;
  private readonly logger: Logger;
  private clients = 0;
  private isEnded = false;

  /** @throws ConfigurationError that names an option, its value and what is allowed. */
  constructor(options: EngineOptions = {}, environment: EngineEnvironment = {}) {
    const { listen, ...others } = options;
    this.listenOptions = resolveListenOptions(listen);
    const { store, broker } = splitOptions(others);
    const config = (this.brokerConfig = resolveBrokerConfig(broker));
    checkListenPort(others.listenPort, this.listenOptions);
    this.outerNamesrvAddrs = addressesOf(config.namesrvAddr);
    this.hasOwnNamesrv = this.outerNamesrvAddrs.length === 0 || wantsNamesrv(listen);
    if (this.outerNamesrvAddrs.length > 0 && this.listenOptions === undefined)
      throw new ConfigurationError(
        'engine.namesrvAddr makes others send to this broker, so it must listen: set engine.listen',
      );
    const storeConfig = resolveMessageStoreConfig(store);
    storeConfig.storePathRootDir = this.storePathRootDir = resolve(storeConfig.storePathRootDir);
    this.fileReservedTime = storeConfig.fileReservedTime;
    const { clock = systemClock, fileSystem = nodeFileSystem, random = Math.random } = environment;
    const logger = escapedLogger(environment.logger ?? silentLogger);
    this.clock = clock;
    this.logger = logger;
    this.fileSystem = fileSystem;
    this.namesrvAddr = `${config.brokerName}.namesrv`;
    const isOwner = () => this.broker.store.lock.isOwner();
    const tableOptions = { storePathRootDir: this.storePathRootDir, fileSystem, clock, logger, isOwner };
    const kvConfig = new KVConfigManager(tableOptions, (topics) =>
      this.broker.topics.updateOrderTopicConfig(topics),
    );
    this.namesrv = new NamesrvController(logger, clock, kvConfig, config.orderMessageEnable, (topic) =>
      this.registerAgain(topic),
    );
    this.broker = new BrokerController({
      config,
      storeConfig,
      fileSystem,
      clock,
      random,
      logger,
      registerTopic: (topic) => this.registerTopic(topic),
      whenRegistered: async () => this.outerApi?.whenRegistered(),
      unregisterTopic: (topic) => this.unregisterTopic(topic),
      routeOf: (topic) =>
        this.outerApi?.topicRouteOf(topic) ?? this.namesrv.routes.pickupTopicRouteData(topic),
      tables: [kvConfig],
    });
    this.servers.set(this.namesrvAddr, this.namesrv);
    if (this.listenOptions !== undefined)
      this.listener = new EngineListener(this.listenOptions, this.namesrv, this.broker, clock, logger);
  }

  /**
   * Opens the store and takes up work.
   *
   * @throws StoreLockedError when another process or engine owns the store.
   * @throws StoreError when it cannot be read.
   * @throws ConfigurationError when a port to listen on is taken.
   */
  async start(): Promise<void> {
    this.isEnded = false;
    try {
      const config = this.brokerConfig;
      // Administrators see it.
      if (this.listener !== undefined) config.listenPort = await this.listener.listenBroker();
      await this.startBroker(config.listenPort);
      if (this.listener === undefined || !this.hasOwnNamesrv) return;
      this.checkNotEnded();
      this.namesrvAddr = await this.listener.listenNamesrv();
      this.checkNotEnded();
      this.servers.set(this.namesrvAddr, this.namesrv);
    } catch (error) {
      await endFailedStart([() => this.shutdown()], this.logger);
      throw error;
    }
  }

  /** Takes no more requests, brings everything to the disk, gives the store free and ends connections. Clients of this process are closed before. */
  async shutdown(): Promise<void> {
    this.isEnded = true;
    await endAll([
      () => this.outerApi?.shutdown(),
      // A send that is stored until the end is answered, too: its client would send it again.
      () => this.listener?.pause(),
      () => this.broker.shutdown(),
      () => this.listener?.close(),
      () => this.namesrv.close(),
    ]);
  }

  /** Where clients of other processes find the name server; undefined when the engine does not listen. */
  get listenAddress(): string | undefined {
    if (this.listener === undefined) return undefined;
    return this.hasOwnNamesrv ? this.namesrvAddr : this.outerNamesrvAddrs.join(';');
  }

  get brokerName(): string {
    return this.brokerConfig.brokerName;
  }

  /** Whether another engine has the store of this one open. */
  isStoreInUse(): boolean {
    return new StoreLock(this.storePathRootDir, this.fileSystem).isHeld();
  }

  /** A connection for one client. */
  connect(): InProcessTransport {
    const remoteHost = { address: Buffer.from([127, 0, 0, 1]), port: ++this.clients & 0xffff };
    return new InProcessTransport(this.servers, this.clock, remoteHost);
  }

  private async startBroker(port: number): Promise<void> {
    const { brokerClusterName: cluster, brokerName, brokerIP1 } = this.brokerConfig;
    const host = (this.listenOptions && reachableHost(this.listenOptions)) ?? brokerIP1;
    const brokerAddr = (this.brokerAddr = formatHostPort(host, port));
    this.warnOfUnreachable(host);
    this.servers.set(brokerAddr, this.broker);
    this.namesrv.routes.registerBroker({ cluster, brokerName, brokerAddrs: new Map([[0, brokerAddr]]) });
    const storeAddress = await this.storeAddress(host);
    this.checkNotEnded();
    await this.broker.start(formatHostPort(storeAddress, port));
    if (this.outerNamesrvAddrs.length > 0)
      await this.registerWithOuterNamesrvs(formatHostPort(host, port + 1));
  }

  private checkNotEnded(): void {
    if (this.isEnded) throw new ConfigurationError('The engine was shut down while it started');
  }

  /** Records and message ids have no room for a name; who has nothing but an id connects to the address in it. */
  private async storeAddress(host: string): Promise<string> {
    const { brokerIP1 } = this.brokerConfig;
    if (isIP(host) > 0) return host;
    if (!isLoopback(brokerIP1)) return brokerIP1;
    try {
      return (await lookup(host, { order: 'ipv4first' })).address;
    } catch (error) {
      this.logger.warn(
        `${host} cannot be looked up (${(error as Error).message}): message ids name ${brokerIP1}; set brokerIP1, or start again`,
      );
      return brokerIP1;
    }
  }

  private warnOfUnreachable(advertised: string): void {
    if (this.listenOptions === undefined) return;
    const { host, advertisedHost } = this.listenOptions;
    const clients = `but tells clients that the broker is at ${this.brokerAddr}`;
    // Who says a loopback address, as for a container with published ports, is not warned.
    const isOwnMachine = advertisedHost === undefined && isLoopback(advertised);
    if (isOwnMachine && !isLoopback(host))
      this.logger.warn(
        `The engine listens on ${host}, ${clients}, which is their own machine: set advertisedHost to the name or address by ` +
          'which they reach this one',
      );
    const isForOthers = !isLoopback(advertised) || (isOwnMachine && this.outerNamesrvAddrs.some(isElsewhere));
    if (isForOthers && isLoopback(host))
      this.logger.warn(
        `The engine listens on ${host}, which others do not reach, ${clients}: set listen.host (of the command line: ` +
          '--bind-address) to an address that they reach, or to 0.0.0.0',
      );
  }

  private async registerWithOuterNamesrvs(haServerAddr: string): Promise<void> {
    const { clock, logger, brokerAddr, outerNamesrvAddrs: namesrvAddrs } = this;
    const { brokerClusterName: clusterName, brokerName } = this.brokerConfig;
    const broker = { clusterName, brokerName, brokerAddr, brokerId: MASTER_ID };
    const transport = new TcpTransport({ clock, logger });
    const topics = () => this.broker.registeredTopics();
    this.outerApi = new BrokerOuterAPI({
      namesrvAddrs,
      transport,
      broker,
      haServerAddr,
      topics,
      clock,
      logger,
    });
    await this.outerApi.registerBrokerAll();
  }

  /** What the broker has, the name server knows. */
  private registerAgain(topicName: string): void {
    const topic = this.broker.topics.selectTopicConfig(topicName);
    if (topic !== undefined) this.registerRoute(topic);
  }

  private registerTopic(topic: TopicConfig): void {
    this.registerRoute(topic);
    void this.outerApi?.registerBrokerAll();
  }

  private unregisterTopic(topic: string): void {
    this.namesrv.routes.unregisterTopic(this.brokerConfig.brokerName, topic);
    this.outerApi?.forgetRoute(topic);
  }

  private registerRoute({ topicName, readQueueNums, writeQueueNums, perm, topicSysFlag }: TopicConfig): void {
    const registration = { readQueueNums, writeQueueNums, perm, topicSysFlag };
    this.namesrv.routes.registerTopic(this.brokerConfig.brokerName, topicName, registration);
  }
}

/** Without `listen` it is the port in records and message ids; with it there is another option for that. */
function checkListenPort(given: number | undefined, listen: ResolvedListenOptions | undefined): void {
  if (given === undefined || listen === undefined || given === listen.listenPort) return;
  throw new ConfigurationError(
    `engine.listenPort is ${given}, but the engine listens on engine.listen.listenPort, which is ${listen.listenPort}: ` +
      'set that one, and leave out engine.listenPort',
  );
}

function isElsewhere(address: string): boolean {
  return !isLoopback(parseHostPort(address)!.host);
}

function splitOptions(options: EngineOptions) {
  const store: Record<string, unknown> = {};
  const broker: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    if (storeOptionNames.has(name)) store[name] = value;
    else if (brokerOptionNames.has(name)) broker[name] = value;
    else {
      const known = [...storeOptionNames, ...brokerOptionNames].join(', ');
      throw new ConfigurationError(`engine.${name} is not an option; there are: ${known}`);
    }
  }
  return { store, broker };
}
