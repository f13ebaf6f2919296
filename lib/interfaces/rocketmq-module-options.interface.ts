import type { EngineOptions } from '../engine/index.js';
import type { RocketMQTlsOptions } from '../remoting/tls/client-tls.js';
import type { RocketMQConsumerOptions } from './consumer-options.interface.js';
import type { RocketMQProducerOptions } from './producer-options.interface.js';

/**
 * Options of {@link RocketMQModule}.
 *
 * @publicApi
 */
export interface RocketMQModuleOptions {
  /**
   * Address of a name server, `host:port`; several with `;` between them, or as an array. Without one the engine runs
   * in this process. So it does for a loopback address on which nothing listens, and lets other processes in there.
   * Default: the environment variable `NAMESRV_ADDR`, unless `engine` is given.
   */
  nameServer?: string | readonly string[];
  /**
   * Encrypt the connections to `nameServer` and its brokers; `true` trusts the authorities that Node trusts. An engine in
   * this process is reached without connections. Default: false.
   */
  tls?: boolean | RocketMQTlsOptions;
  /**
   * Name of the user that signs requests, with {@link secretKey}, for clusters that ask for one. Producer and listeners
   * may have others. Default: requests are not signed.
   */
  accessKey?: string;
  /** Key of the signatures; it never travels. */
  secretKey?: string;
  /** Of a temporary user of a cloud. */
  securityToken?: string;
  /** Options of the embedded engine; `false` forbids it to run. */
  engine?: EngineOptions | false;
  /** The producer behind {@link RocketMQTemplate}. */
  producer?: RocketMQProducerOptions;
  /** Defaults for all listeners. */
  consumer?: RocketMQConsumerOptions;
  /**
   * `'spring'` makes sent messages equal to those of rocketmq-spring to the last byte: a text that is sent with content type
   * JSON is encoded once more, and every message carries the properties `id` and `timestamp`.
   */
  compat?: 'spring';
}

/**
 * Makes the options of {@link RocketMQModule}, for `forRootAsync({ useClass })`.
 *
 * @publicApi
 */
export interface RocketMQOptionsFactory {
  createRocketMQOptions(): RocketMQModuleOptions | Promise<RocketMQModuleOptions>;
}
