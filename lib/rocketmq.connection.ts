import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { escapedLogger } from './common/logger.js';
import { sleep, systemClock, type Clock } from './common/clock.js';
import { endAll, endFailedStart, endOnce } from './common/end-all.js';
import { MQClientInstance, TransactionMQProducer } from './client/index.js';
import { EmbeddedEngine } from './engine/index.js';
import { ConfigurationError, StoreLockedError } from './errors/index.js';
import type { RocketMQModuleOptions } from './interfaces/rocketmq-module-options.interface.js';
import type { SessionCredentials } from './remoting/acl/session-credentials.js';
import { TcpTransport } from './remoting/transport/tcp-transport.js';
import { NearestTransport } from './remoting/transport/nearest-transport.js';
import { ClusterProbe } from './rocketmq.cluster-probe.js';
import { ClusterStart } from './rocketmq.cluster-start.js';
import { credentialsOf, isSameUser } from './rocketmq.credentials.js';
import { EngineHost } from './rocketmq.host.js';
import { engineRunsHere, waitingForStore } from './rocketmq.messages.js';
import { checkModuleOptions, clientConfig, producerConfig } from './rocketmq.options.js';
import {
  checkedAddressesOf,
  chooseTarget,
  type ConnectionTarget,
  type HostingTarget,
} from './rocketmq.target.js';
import { PayloadConverter } from './template/payload-converter.js';
import { TransactionRouter } from './template/transaction-router.js';

/** Milliseconds that a start waits for a store that is in use, less than test runners wait for a start, and between two looks. */
const STORE_TIMEOUT = 3000;
const STORE_INTERVAL = 100;

/**
 * The client and producer behind one {@link RocketMQModule}, and the engine if it runs in this process. It is the only
 * place that knows them all.
 */
export class RocketMQConnection {
  readonly instance: MQClientInstance;
  /** The same, unless listeners are another user than the producer. */
  readonly listenerInstance: MQClientInstance;
  readonly producer: TransactionMQProducer;
  /** Converts payloads for template and listeners. */
  readonly payloads: PayloadConverter;
  readonly transactions: TransactionRouter;
  /** How the cluster of other processes is joined, if there is one. */
  readonly cluster: ClusterStart;
  /** Ends producer, engine and client; listeners are stopped before. */
  readonly close = endOnce(() => this.end());
  private ownEngine: EmbeddedEngine | undefined;
  private isEnded = false;
  private readonly host: EngineHost | undefined;
  private readonly transports: NearestTransport[] = [];
  /** Of other clusters, by their name servers. */
  private readonly others = new Map<string, MQClientInstance>();
  private readonly logger = escapedLogger(new Logger('RocketMQ'));

  private constructor(
    private readonly options: RocketMQModuleOptions,
    private readonly target: ConnectionTarget,
    private readonly clock: Clock,
  ) {
    this.payloads = new PayloadConverter(options.compat === 'spring');
    this.transactions = new TransactionRouter(this.payloads);
    if (target.hosting !== undefined) this.host = this.createHost(target.hosting);
    else if (target.engine !== undefined) this.ownEngine = this.createEngine();
    const user = credentialsOf(options.producer, options);
    const listener = credentialsOf(options.consumer, options);
    const isShared = this.ownEngine !== undefined || isSameUser(user, listener);
    // Brokers find a client by its id: with two, the name that was given is that of the members of groups.
    const endpoint = this.endpoint(isShared ? options : { ...options, instanceName: undefined });
    this.instance = this.createClient(user, endpoint);
    this.listenerInstance = isShared ? this.instance : this.createClient(listener);
    if (this.ownEngine !== undefined) this.attach(this.ownEngine);
    this.cluster = this.createClusterStart();
    this.producer = new TransactionMQProducer(
      this.instance,
      producerConfig(options.producer),
      this.transactions,
    );
  }

  /** @throws ConfigurationError for options that are not allowed. */
  static async create(
    options: RocketMQModuleOptions,
    clock: Clock = systemClock,
  ): Promise<RocketMQConnection> {
    checkModuleOptions(options);
    return new RocketMQConnection(options, chooseTarget(options), clock);
  }

  /** The engine, if it runs in this process. */
  get engine(): EmbeddedEngine | undefined {
    return this.ownEngine ?? this.host?.engine;
  }

  /** The clients of this application: mostly one. */
  get instances(): readonly MQClientInstance[] {
    return [...new Set([this.instance, this.listenerInstance])];
  }

  /**
   * The client of another cluster, with the user of the listeners.
   *
   * @throws ConfigurationError for what is no address.
   */
  clientOf(nameServer: string | readonly string[]): MQClientInstance {
    const namesrvAddrs = checkedAddressesOf(nameServer);
    const key = namesrvAddrs.join(';');
    const { options } = this;
    // An id of its own: this cluster may be reached under the other address too.
    const { directory: localOffsetStoreDir, host: localOffsetStoreHost } = offsetsOfCluster(namesrvAddrs);
    const config = { ...clientConfig({ ...options, instanceName: undefined }), localOffsetStoreDir };
    const endpoint = { namesrvAddrs, config, localOffsetStoreHost };
    const user = credentialsOf(options.consumer, options);
    const client = this.others.get(key) ?? this.createClient(user, endpoint);
    this.others.set(key, client);
    return client;
  }

  /**
   * Starts engine and producer.
   *
   * @throws StoreLockedError when another process owns the store, ConfigurationError when a port is taken,
   * MQClientError when no name server, or no broker, answers, unless `startup` says that this is to be waited for.
   */
  async start(): Promise<void> {
    try {
      if (this.host !== undefined) await this.host.start();
      else await (this.ownEngine === undefined ? this.cluster.join() : this.startEngine());
      this.checkNotEnded();
      this.producer.start();
    } catch (error) {
      // An end that came before it did not shut down what was started behind it.
      await this.endFailedStart(() => this.isEnded && this.engine?.shutdown());
      throw error;
    }
  }

  /** Closes everything, after the steps that are to come before; the reason of the failure stays the error that users see. */
  async endFailedStart(...before: (() => unknown)[]): Promise<void> {
    await endFailedStart([...before, () => this.close()], this.logger);
    // Another start is to fail of its own reason.
    this.isEnded = false;
  }

  private async end(): Promise<void> {
    this.isEnded = true;
    const clients = [...this.instances, ...this.others.values()];
    this.cluster.stopWaiting();
    await endAll([
      () => this.producer.shutdown(),
      // Before engine and client are, so that what is under way is answered.
      () => this.producer.ended(),
      () => this.ownEngine?.shutdown(),
      () => this.host?.close(),
      ...clients.map((instance) => () => instance.shutdown()),
      () => Promise.all(clients.map(async ({ transport }) => transport.whenClosed?.())),
    ]);
  }

  private createClient(
    credentials: SessionCredentials | undefined,
    endpoint = this.endpoint(),
  ): MQClientInstance {
    const { clock } = this;
    const { namespaceV2, tls } = this.options;
    const logger = new Logger('RocketMQClient');
    const transport = new NearestTransport(
      new TcpTransport({ clock, logger, tls, credentials, namespaceV2 }),
    );
    this.transports.push(transport);
    return new MQClientInstance({ clock, random: Math.random, logger, transport, ...endpoint });
  }

  private createClusterStart(): ClusterStart {
    const { startup = 'fail' } = this.options;
    const { hosting, namesrvAddrs, source } = this.target;
    const nameServer = hosting?.nameServer ?? namesrvAddrs.join(';');
    const probe = new ClusterProbe(this.instance, nameServer, source, this.clock, this.logger);
    return new ClusterStart(probe, startup, nameServer, this.logger);
  }

  private createEngine(): EmbeddedEngine {
    const { clock, target } = this;
    return new EmbeddedEngine(target.engine, {
      clock,
      random: Math.random,
      logger: new Logger('RocketMQEngine'),
    });
  }

  private createHost(target: HostingTarget): EngineHost {
    const { clock } = this;
    const createEngine = () => this.createEngine();
    const attach = (engine: EmbeddedEngine) => this.attach(engine);
    const reachNameServer = () => this.cluster.joinHost();
    const onHostChanged = () => void this.introduceAgain();
    return new EngineHost({ target, createEngine, attach, clock, reachNameServer, onHostChanged });
  }

  private attach(engine: EmbeddedEngine): void {
    for (const transport of this.transports) transport.attach(engine.connect());
  }

  private endpoint(options = this.options) {
    const { namesrvAddrs } = this.target;
    const store = (this.ownEngine ?? this.host)?.storePathRootDir;
    const offsets = store === undefined ? offsetsOfCluster(namesrvAddrs) : offsetsOfStore(store);
    return {
      namesrvAddrs: this.ownEngine === undefined ? namesrvAddrs : namesrvAddrsOf(this.ownEngine),
      config: { ...clientConfig(options), localOffsetStoreDir: offsets.directory },
      localOffsetStoreHost: offsets.host,
    };
  }

  /** The application that this one replaces may still be ending, as it may under `nest start --watch`: it has a clock of its own. */
  private async startEngine(): Promise<void> {
    const deadline = systemClock.monotonicNow() + STORE_TIMEOUT;
    const mayWait = (): boolean => systemClock.monotonicNow() < deadline;
    for (let isFirst = true; !(await this.hasStarted(mayWait)); isFirst = false) {
      if (isFirst) this.logger.warn(waitingForStore(this.ownEngine!.storePathRootDir, STORE_TIMEOUT));
      await sleep(systemClock, STORE_INTERVAL);
      this.checkNotEnded();
    }
    const { storePathRootDir, listenAddress } = this.ownEngine!;
    this.logger.log(engineRunsHere('No nameServer is given', storePathRootDir, listenAddress));
  }

  /** Nest ends an application while it starts when it is told to, and only once. */
  private checkNotEnded(): void {
    if (this.isEnded) throw new ConfigurationError('The application was closed while it started');
  }

  /** False while another has the store, and this one may wait for it. */
  private async hasStarted(mayWait: () => boolean): Promise<boolean> {
    const engine = this.ownEngine!;
    if (isStoreInUse(engine) && mayWait()) return false;
    try {
      await engine.start();
      return true;
    } catch (error) {
      // Another that waits may have been faster, and have the ports, or only have looked.
      const isBehind = error instanceof StoreLockedError || isStoreInUse(engine);
      if (!isBehind || !mayWait()) throw error;
      this.attach((this.ownEngine = this.createEngine()));
      return false;
    }
  }

  /** A broker that has just been started knows no clients: they need not wait for their next heartbeat. */
  private async introduceAgain(): Promise<void> {
    try {
      for (const instance of this.instances) {
        await instance.updateBrokers();
        await instance.sendHeartbeatToAllBrokers();
      }
    } catch (error) {
      this.logger.warn(`The engine that runs now cannot be reached yet: ${String(error)}`);
    }
  }
}

/** What cannot even be looked at is for the start to report. */
function isStoreInUse(engine: EmbeddedEngine): boolean {
  try {
    return engine.isStoreInUse();
  } catch {
    return false;
  }
}

/** Consumers have to see the queues of all brokers of a cluster, so that a group shares them out in the same way. */
function namesrvAddrsOf({ outerNamesrvAddrs, namesrvAddr }: EmbeddedEngine): readonly string[] {
  return outerNamesrvAddrs.length > 0 ? outerNamesrvAddrs : [namesrvAddr];
}

/** Inside the store, and so wherever that is moved or mounted: the address of a container is another one after every start. */
function offsetsOfStore(storePath: string) {
  return { directory: join(storePath, 'offsets'), host: 'localhost' };
}

/** Of this cluster alone: the ids of clients are the same in every cluster, and Java's would share their offsets. */
function offsetsOfCluster(namesrvAddrs: readonly string[]) {
  const cluster = createHash('sha256').update(namesrvAddrs.toSorted().join(';')).digest('hex').slice(0, 16);
  return { directory: join(homedir(), '.rocketmq_offsets', cluster), host: undefined };
}
