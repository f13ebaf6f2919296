import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Logger } from '@nestjs/common';
import { systemClock, type Clock } from './common/clock.js';
import { DefaultMQProducer, MQClientInstance, type MQClientOptions } from './client/index.js';
import { EmbeddedEngine } from './engine/index.js';
import { MQClientError } from './errors/index.js';
import type {
  RocketMQModuleOptions,
  RocketMQStartup,
} from './interfaces/rocketmq-module-options.interface.js';
import { TcpTransport } from './remoting/transport/tcp-transport.js';
import { ClusterProbe } from './rocketmq.cluster-probe.js';
import { shutDownWhileWaiting } from './rocketmq.messages.js';
import { checkModuleOptions, clientConfig, producerConfig } from './rocketmq.options.js';
import { chooseTarget, type ConnectionTarget } from './rocketmq.target.js';

/** What ends an application that has called `enableShutdownHooks`. */
const SHUTDOWN_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const;

/**
 * The client and producer behind one {@link RocketMQModule}, and the engine if it runs in this process. It is the only
 * place that knows them all.
 */
export class RocketMQConnection {
  readonly instance: MQClientInstance;
  readonly producer: DefaultMQProducer;
  private readonly engine: EmbeddedEngine | undefined;
  private readonly logger = new Logger('RocketMQ');
  private readonly probe: ClusterProbe;
  private readonly startup: RocketMQStartup;
  private reached = Promise.resolve(true);
  private isWaiting = false;

  private constructor(
    options: RocketMQModuleOptions,
    private readonly target: ConnectionTarget,
    clock: Clock,
  ) {
    const environment = { clock, random: Math.random, logger: new Logger('RocketMQEngine') };
    if (target.engine !== undefined) this.engine = new EmbeddedEngine(target.engine, environment);
    const logger = new Logger('RocketMQClient');
    const client: MQClientOptions = { ...environment, logger, ...this.endpoint(options, clock, logger) };
    this.instance = new MQClientInstance(client);
    this.startup = options.startup ?? 'fail';
    this.probe = new ClusterProbe(this.instance, this.nameServer, clock, this.logger);
    this.producer = new DefaultMQProducer(this.instance, producerConfig(options.producer));
  }

  /**
   * Finds out whether the engine runs in this process.
   *
   * @throws ConfigurationError for options that are not allowed.
   */
  static async create(
    options: RocketMQModuleOptions,
    clock: Clock = systemClock,
  ): Promise<RocketMQConnection> {
    checkModuleOptions(options);
    return new RocketMQConnection(options, await chooseTarget(options), clock);
  }

  /**
   * Starts engine and producer.
   *
   * @throws StoreLockedError when another process owns the store, ConfigurationError when a port is taken,
   * MQClientError when no name server, or no broker, answers, unless `startup` says that this is to be waited for.
   */
  async start(): Promise<void> {
    try {
      await (this.engine === undefined ? this.join() : this.startEngine(this.engine));
      this.producer.start();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Whether the cluster could be reached. Only a lazy start leaves that open. */
  get isReached(): boolean {
    return !this.isWaiting;
  }

  /** Resolves to true when the cluster can be reached, to false when nobody waits for it any more. */
  whenReached(): Promise<boolean> {
    return this.reached;
  }

  stopWaiting(): void {
    this.probe.stop();
  }

  /** Ends producer, engine and client; listeners are stopped before. */
  async close(): Promise<void> {
    this.stopWaiting();
    this.producer.shutdown();
    // Before the client is, so that it answers the sends that are under way.
    await this.engine?.shutdown();
    this.instance.shutdown();
  }

  private endpoint(options: RocketMQModuleOptions, clock: Clock, logger: Logger) {
    const config = clientConfig(options);
    if (this.engine === undefined) {
      const { namesrvAddrs } = this.target;
      const transport = new TcpTransport({ clock, logger, namespaceV2: options.namespaceV2 });
      const localOffsetStoreDir = localOffsetsOfCluster(namesrvAddrs);
      return { transport, namesrvAddrs, config: { ...config, localOffsetStoreDir } };
    }
    return {
      transport: this.engine.connect(),
      namesrvAddrs: [this.engine.namesrvAddr],
      config: { ...config, localOffsetStoreDir: localOffsetsOf(this.engine.storePathRootDir) },
    };
  }

  private async startEngine(engine: EmbeddedEngine): Promise<void> {
    await engine.start();
    const place = `the engine runs in this process, its store is ${engine.storePathRootDir}`;
    const { listenAddress } = engine;
    const doors = listenAddress === undefined ? '' : `, and others reach it at ${listenAddress}`;
    this.logger.log(`${this.target.reason}: ${place}${doors}`);
  }

  private async join(): Promise<void> {
    if (this.startup === 'fail') {
      await this.probe.probe();
      return this.onReached();
    }
    this.isWaiting = true;
    this.reached = this.probe.probeUntilReached();
    void this.reached.then((isReached) => isReached && this.onReached());
    if (this.startup === 'lazy' || (await this.reachedOrSignalled())) return;
    throw new MQClientError(shutDownWhileWaiting(this.nameServer));
  }

  /** Nest shuts an application down when its start has ended, and not before: the wait must end at the signal itself. */
  private async reachedOrSignalled(): Promise<boolean> {
    // Where nobody handles a signal it ends the process anyhow.
    const signals = SHUTDOWN_SIGNALS.filter((signal) => process.listenerCount(signal) > 0);
    const stop = () => this.stopWaiting();
    for (const signal of signals) process.once(signal, stop);
    try {
      return await this.reached;
    } finally {
      for (const signal of signals) process.off(signal, stop);
    }
  }

  private onReached(): void {
    this.isWaiting = false;
    this.logger.log(`Using the RocketMQ cluster of nameServer ${this.nameServer}`);
  }

  private get nameServer(): string {
    return this.target.namesrvAddrs.join(';');
  }
}

/** Beside the store, and its own: engines may have their stores in one directory. */
function localOffsetsOf(storePath: string): string {
  return join(dirname(storePath), 'offsets', basename(storePath));
}

/** Of this cluster alone: the ids of clients are the same in every cluster, and Java's would share their offsets. */
function localOffsetsOfCluster(namesrvAddrs: readonly string[]): string {
  const cluster = createHash('sha256').update(namesrvAddrs.toSorted().join(';')).digest('hex').slice(0, 16);
  return join(homedir(), '.rocketmq_offsets', cluster);
}
