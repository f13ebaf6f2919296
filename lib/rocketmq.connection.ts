import { basename, dirname, join } from 'node:path';
import { connect, isIP } from 'node:net';
import { Logger } from '@nestjs/common';
import { systemClock, type Clock } from './common/clock.js';
import { DefaultMQProducer, MQClientInstance } from './client/index.js';
import { EmbeddedEngine } from './engine/index.js';
import { ConfigurationError } from './errors/index.js';
import type { RocketMQModuleOptions } from './interfaces/rocketmq-module-options.interface.js';
import { engineForbidden, nameServerInUse, unreachableNameServer } from './rocketmq.messages.js';
import { checkModuleOptions, producerConfig } from './rocketmq.options.js';

/** Milliseconds to find out whether something listens on a loopback address. */
const PROBE_TIMEOUT = 1000;

/** The engine, client and producer behind one {@link RocketMQModule}. It is the only place that knows them all. */
export class RocketMQConnection {
  readonly instance: MQClientInstance;
  readonly producer: DefaultMQProducer;
  private readonly engine: EmbeddedEngine;
  private readonly logger = new Logger('RocketMQ');

  /** @throws ConfigurationError for options that are not allowed. */
  constructor(
    private readonly options: RocketMQModuleOptions,
    clock: Clock = systemClock,
  ) {
    checkModuleOptions(options);
    if (options.engine === false) throw new ConfigurationError(engineForbidden());
    const random = Math.random;
    this.engine = new EmbeddedEngine(options.engine, { clock, random, logger: new Logger('RocketMQEngine') });
    this.instance = new MQClientInstance({
      transport: this.engine.connect(),
      namesrvAddrs: [this.engine.namesrvAddr],
      config: { localOffsetStoreDir: localOffsetsOf(this.engine.storePathRootDir) },
      clock,
      random,
      logger: new Logger('RocketMQClient'),
    });
    this.producer = new DefaultMQProducer(this.instance, producerConfig(options.producer));
  }

  /**
   * Starts engine and producer.
   *
   * @throws ConfigurationError for a name server that cannot be used, StoreLockedError when another process owns the store.
   */
  async start(): Promise<void> {
    const reason = await hostingReason(this.options.nameServer);
    await this.engine.start();
    this.logger.log(
      `${reason}: the engine runs in this process, its store is ${this.engine.storePathRootDir}`,
    );
    try {
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
    await this.engine.shutdown();
    this.instance.shutdown();
  }
}

/** Beside the store, and its own: engines may have their stores in one directory. */
function localOffsetsOf(storePath: string): string {
  return join(dirname(storePath), 'offsets', basename(storePath));
}

/** Why the engine runs in this process; ConfigurationError when it must not. */
async function hostingReason(nameServer: RocketMQModuleOptions['nameServer']): Promise<string> {
  const addresses = (typeof nameServer === 'string' ? nameServer.split(';') : (nameServer ?? [])).map((a) =>
    a.trim(),
  );
  const [address] = addresses;
  if (address === undefined) return 'No nameServer is given';
  const loopback = addresses.length === 1 ? parseLoopback(address) : undefined;
  if (loopback === undefined) throw new ConfigurationError(unreachableNameServer(addresses.join(';')));
  if (await isListening(loopback)) throw new ConfigurationError(nameServerInUse(address));
  return `Nothing listens on nameServer ${address}`;
}

interface Address {
  readonly host: string;
  readonly port: number;
}

function parseLoopback(address: string): Address | undefined {
  const match = /^(.+):(\d{1,5})$/.exec(address);
  const host = match?.[1]?.replace(/^\[|\]$/g, '') ?? '';
  const port = Number(match?.[2]);
  const isLoopback = host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
  return isLoopback && port >= 1 && port <= 65_535 ? { host, port } : undefined;
}

function isListening(address: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ ...address, timeout: PROBE_TIMEOUT });
    const end = (isOpen: boolean) => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
  });
}
