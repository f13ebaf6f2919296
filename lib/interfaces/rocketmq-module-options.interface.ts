import type { Type } from '@nestjs/common';
import type { EngineOptions } from '../engine/index.js';
import type { RocketMQTlsOptions } from '../remoting/tls/client-tls.js';
import type { RocketMQConsumerOptions } from './consumer-options.interface.js';
import type { RocketMQMessageConverter } from './message-converter.interface.js';
import type { RocketMQPullConsumerOptions } from './pull-consumer-options.interface.js';
import type { RocketMQProducerOptions } from './producer-options.interface.js';

/**
 * What the start of an application does when no name server, or none of the brokers, answers: it fails with an error that
 * says which address and what to try; it waits (`retry`); or it goes on (`lazy`), with sends that fail and listeners that
 * begin when the cluster is there.
 *
 * @publicApi
 */
export type RocketMQStartup = 'fail' | 'retry' | 'lazy';

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
  nameServer?: string | readonly string[] | undefined;
  /**
   * Encrypt the connections to `nameServer` and its brokers; `true` trusts the authorities that Node trusts. An engine in
   * this process is reached without connections. Default: false.
   */
  tls?: boolean | RocketMQTlsOptions | undefined;
  /**
   * Name of the user that signs requests, with {@link secretKey}, for clusters that ask for one. Producer and listeners
   * may have others. Default: requests are not signed.
   */
  accessKey?: string | undefined;
  /** Key of the signatures; it never travels. */
  secretKey?: string | undefined;
  /** Of a temporary user of a cloud. */
  securityToken?: string | undefined;
  /** For a cluster that cannot be reached yet. No effect on an engine in this process. Default: `fail`. */
  startup?: RocketMQStartup | undefined;
  /** Options of the embedded engine; `false` forbids it to run. */
  engine?: EngineOptions | false | undefined;
  /** The producer behind {@link RocketMQTemplate}. */
  producer?: RocketMQProducerOptions | undefined;
  /** Defaults for all listeners. */
  consumer?: RocketMQConsumerOptions | undefined;
  /** The consumer of `receive` of {@link RocketMQTemplate}; it needs a `topic`. Default: none. */
  pullConsumer?: RocketMQPullConsumerOptions | undefined;
  /** A provider that converts payloads of sends, listeners and `receive` in its own way. Default: by content type. */
  messageConverter?: Type<RocketMQMessageConverter> | undefined;
  /**
   * `'spring'` does with sent messages what rocketmq-spring does, and this module otherwise not: a text that is sent with content type
   * JSON is encoded once more, and every message carries the properties `id` and `timestamp`. An array of `KEYS` is joined by blanks all
   * the same, that of another header by commas, and a `Date` in JSON is written as `JSON.stringify` does.
   */
  compat?: 'spring' | undefined;
  /**
   * Part of the names of all topics and groups in the brokers, as `namespace%topic`; the application sees the plain names.
   * Default: none.
   */
  namespace?: string | undefined;
  /** As {@link namespace}, but sent beside the names, for brokers of version 5 that know it. Not both. Default: none. */
  namespaceV2?: string | undefined;
  /**
   * Part of the client's id `ip@instanceName`, which must differ within a consumer group. Instances on one machine that have `BROADCASTING`
   * listeners need one each, by which they find their offsets. Default: unique, but for those offsets.
   */
  instanceName?: string | undefined;
  /** The unit (deployment cell) of this application; part of the client's id. Default: none. */
  unitName?: string | undefined;
  /** Whether what is sent and consumed here belongs to the unit. Default: false. */
  unitMode?: boolean | undefined;
}

/**
 * Makes the options of {@link RocketMQModule}, for `forRootAsync({ useClass })`.
 *
 * @publicApi
 */
export interface RocketMQOptionsFactory {
  createRocketMQOptions(): RocketMQModuleOptions | Promise<RocketMQModuleOptions>;
}
