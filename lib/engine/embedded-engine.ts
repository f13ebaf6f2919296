import { resolve } from 'node:path';
import { systemClock, type Clock } from '../common/clock.js';
import { silentLogger, type Logger } from '../common/logger.js';
import { ConfigurationError } from '../errors/configuration.error.js';
import type { RequestHandler } from '../remoting/channel.js';
import { InProcessTransport } from '../remoting/transport/in-process-transport.js';
import type { Transport } from '../remoting/transport/transport.js';
import { BrokerController } from './broker/broker-controller.js';
import { brokerOptionNames, resolveBrokerConfig, type BrokerConfig } from './broker/broker-config.js';
import type { TopicConfig } from './broker/topic/topic-config.js';
import { NamesrvController } from './namesrv/namesrv-controller.js';
import type { FileSystem } from '../common/file-system.js';
import {
  resolveMessageStoreConfig,
  storeOptionNames,
  type MessageStoreConfig,
} from './store/message-store-config.js';
import { nodeFileSystem } from '../common/node-file-system.js';

/** Options of the engine, by the names of Apache's broker configuration; each has a default. */
export type EngineOptions = Partial<MessageStoreConfig> & Partial<BrokerConfig>;

/** What the engine is built on; tests put in what they control. */
export interface EngineEnvironment {
  readonly clock?: Clock;
  readonly fileSystem?: FileSystem;
  /** Numbers from 0 up to 1. */
  readonly random?: () => number;
  readonly logger?: Logger;
}

/**
 * A complete RocketMQ inside this process: name server, broker and store. It opens no socket; clients reach it through
 * {@link connect}.
 */
export class EmbeddedEngine {
  /** What clients of this engine take for the address of their name server. */
  readonly namesrvAddr: string;
  /** The store directory, as an absolute path. */
  readonly storePathRootDir: string;
  private readonly namesrv: NamesrvController;
  private readonly broker: BrokerController;
  private readonly servers: ReadonlyMap<string, RequestHandler>;
  private readonly brokerConfig: BrokerConfig;
  private readonly clock: Clock;
  private clients = 0;

  /** @throws ConfigurationError that names an option, its value and what is allowed. */
  constructor(options: EngineOptions = {}, environment: EngineEnvironment = {}) {
    const { store, broker } = splitOptions(options);
    const config = (this.brokerConfig = resolveBrokerConfig(broker));
    const storeConfig = resolveMessageStoreConfig(store);
    storeConfig.storePathRootDir = this.storePathRootDir = resolve(storeConfig.storePathRootDir);
    const { clock = systemClock, fileSystem = nodeFileSystem, random = Math.random } = environment;
    const logger = environment.logger ?? silentLogger;
    this.clock = clock;
    this.namesrvAddr = `${config.brokerName}.namesrv`;
    this.namesrv = new NamesrvController(logger);
    const registerTopic = (topic: TopicConfig) => this.registerTopic(topic);
    this.broker = new BrokerController({
      config,
      storeConfig,
      fileSystem,
      clock,
      random,
      logger,
      registerTopic,
    });
    this.servers = new Map<string, RequestHandler>([
      [this.namesrvAddr, this.namesrv],
      [this.brokerAddr, this.broker],
    ]);
  }

  /**
   * Opens the store and takes up work.
   *
   * @throws StoreLockedError when another process or engine owns the store.
   * @throws StoreError when it cannot be read.
   */
  async start(): Promise<void> {
    const { brokerClusterName: cluster, brokerName } = this.brokerConfig;
    const brokerAddrs = new Map([[0, this.brokerAddr]]);
    this.namesrv.routes.registerBroker({ cluster, brokerName, brokerAddrs });
    await this.broker.start();
  }

  /** Brings everything to the disk and gives the store free. Clients are closed before. */
  async shutdown(): Promise<void> {
    await this.broker.shutdown();
  }

  /** A connection for one client. */
  connect(): Transport {
    const remoteHost = { address: Buffer.from([127, 0, 0, 1]), port: ++this.clients & 0xffff };
    return new InProcessTransport(this.servers, this.clock, remoteHost);
  }

  private get brokerAddr(): string {
    return `${this.brokerConfig.brokerIP1}:${this.brokerConfig.listenPort}`;
  }

  private registerTopic({ topicName, readQueueNums, writeQueueNums, perm, topicSysFlag }: TopicConfig): void {
    const registration = { readQueueNums, writeQueueNums, perm, topicSysFlag };
    this.namesrv.routes.registerTopic(this.brokerConfig.brokerName, topicName, registration);
  }
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
