import { basename, dirname, join } from 'node:path';
import { Logger } from '@nestjs/common';
import { systemClock, type Clock } from './common/clock.js';
import { DefaultMQProducer, MQClientInstance, type MQClientOptions } from './client/index.js';
import { EmbeddedEngine } from './engine/index.js';
import { MQBrokerError, MQClientError } from './errors/index.js';
import type { RocketMQModuleOptions } from './interfaces/rocketmq-module-options.interface.js';
import { resolveClientTls, type ClientTls } from './remoting/tls/client-tls.js';
import { TcpTransport } from './remoting/transport/tcp-transport.js';
import { ResponseCode } from './remoting/response-code.js';
import type { SessionCredentials } from './remoting/acl/session-credentials.js';
import { credentialsOf, isSameUser } from './rocketmq.credentials.js';
import { nameServerRefuses, nameServerSilent } from './rocketmq.messages.js';
import { checkModuleOptions, producerConfig } from './rocketmq.options.js';
import { chooseTarget, type ConnectionTarget } from './rocketmq.target.js';

/**
 * The client and producer behind one {@link RocketMQModule}, and the engine if it runs in this process. It is the only
 * place that knows them all.
 */
export class RocketMQConnection {
  readonly instance: MQClientInstance;
  /** The same, unless listeners are another user than the producer. */
  readonly listenerInstance: MQClientInstance;
  readonly producer: DefaultMQProducer;
  private readonly engine: EmbeddedEngine | undefined;
  private readonly tls: ClientTls | undefined;
  private readonly logger = new Logger('RocketMQ');

  private constructor(
    options: RocketMQModuleOptions,
    private readonly target: ConnectionTarget,
    clock: Clock,
  ) {
    const environment = { clock, random: Math.random, logger: new Logger('RocketMQEngine') };
    if (target.engine !== undefined) this.engine = new EmbeddedEngine(target.engine, environment);
    this.tls = resolveClientTls(options.tls);
    const logger = new Logger('RocketMQClient');
    const clientOf = (user: SessionCredentials | undefined): MQClientOptions => {
      return { ...environment, logger, ...this.endpoint(clock, logger, user) };
    };
    const user = credentialsOf(options.producer, options);
    this.instance = new MQClientInstance(clientOf(user));
    const listener = credentialsOf(options.consumer, options);
    const isShared = this.engine !== undefined || isSameUser(user, listener);
    this.listenerInstance = isShared ? this.instance : new MQClientInstance(clientOf(listener));
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
   * MQClientError when no name server answers.
   */
  async start(): Promise<void> {
    try {
      await (this.engine === undefined ? this.reachNameServer() : this.startEngine(this.engine));
      this.producer.start();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Ends producer, engine and client; listeners are stopped before. */
  async close(): Promise<void> {
    this.producer.shutdown();
    // Before the client is, so that it answers the sends that are under way.
    await this.engine?.shutdown();
    this.instance.shutdown();
    this.listenerInstance.shutdown();
  }

  private endpoint(clock: Clock, logger: Logger, credentials: SessionCredentials | undefined) {
    if (this.engine === undefined) {
      const { namesrvAddrs } = this.target;
      const { tls } = this;
      return { transport: new TcpTransport({ clock, logger, tls, credentials }), namesrvAddrs };
    }
    return {
      transport: this.engine.connect(),
      namesrvAddrs: [this.engine.namesrvAddr],
      config: { localOffsetStoreDir: localOffsetsOf(this.engine.storePathRootDir) },
    };
  }

  private async startEngine(engine: EmbeddedEngine): Promise<void> {
    await engine.start();
    const place = `the engine runs in this process, its store is ${engine.storePathRootDir}`;
    const { listenAddress } = engine;
    const doors = listenAddress === undefined ? '' : `, and others reach it at ${listenAddress}`;
    this.logger.log(`${this.target.reason}: ${place}${doors}`);
  }

  private async reachNameServer(): Promise<void> {
    const addresses = this.target.namesrvAddrs.join(';');
    try {
      await this.instance.updateBrokers();
    } catch (error) {
      const { cause } = error as Error;
      const isRefused = cause instanceof MQBrokerError && cause.responseCode === ResponseCode.NO_PERMISSION;
      const text = isRefused ? nameServerRefuses(addresses, cause) : nameServerSilent(addresses, cause);
      throw new MQClientError(text, { cause: error });
    }
    this.logger.log(`Using the RocketMQ cluster of nameServer ${addresses}`);
  }
}

/** Beside the store, and its own: engines may have their stores in one directory. */
function localOffsetsOf(storePath: string): string {
  return join(dirname(storePath), 'offsets', basename(storePath));
}
