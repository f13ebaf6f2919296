import { isIP } from 'node:net';
import { bool, integer, resolveOptions, text, type OptionRules } from '../common/option-rules.js';
import { isLoopback } from '../common/host-port.js';
import { ConfigurationError } from '../errors/configuration.error.js';

/** Where the engine listens for clients over TCP. */
export interface ListenOptions {
  /** Address of this machine. Default: `127.0.0.1`; any other than a loopback one needs {@link allowInsecure}. */
  host: string;
  /** Port of the name server; 0 takes a free one. Default: 9876. */
  nameServerPort: number;
  /** Port of the broker; 0 takes a free one. Default: 10911. */
  listenPort: number;
  /**
   * Listen on `listenPort` - 2 too, where Java's clients with `vipChannelEnabled` and Apache's slaves and tools look. Default:
   * true; with a `listenPort` below 3 there is no such port.
   */
  vipChannelEnabled: boolean;
  /** Host by which clients reach the broker, when it is not `host`: a name or an address. */
  advertisedHost: string | undefined;
  /** Listen for everyone who can reach the machine, without encryption and authentication. Default: false. */
  allowInsecure: boolean;
}

const HOST_NAME = /^[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?$/;

export const listenRules: OptionRules<ListenOptions> = {
  host: text('127.0.0.1', 'an IPv4 or IPv6 address of this machine', (value) => isIP(value) > 0),
  nameServerPort: integer(9876, 0, 65_535),
  listenPort: integer(10_911, 0, 65_535),
  vipChannelEnabled: bool(true),
  advertisedHost: text<string | undefined>(
    undefined,
    'a host name or an address',
    (value) => isIP(value) > 0 || HOST_NAME.test(value),
  ),
  allowInsecure: bool(false),
};

/**
 * Fills in defaults.
 *
 * @throws ConfigurationError for a value that is not allowed, and for a host that others can reach.
 */
export function resolveListenOptions(given: unknown): ListenOptions | undefined {
  if (given === undefined || given === false) return undefined;
  if (given !== true && (typeof given !== 'object' || given === null || Array.isArray(given))) {
    throw new ConfigurationError(
      `engine.listen is ${JSON.stringify(given)}; allowed: true, false or an object`,
    );
  }
  const options = resolveOptions('engine.listen', listenRules, given === true ? {} : given);
  if (isLoopback(options.host) || options.allowInsecure) return options;
  throw new ConfigurationError(
    `engine.listen.host is "${options.host}", so everyone who can reach this machine could read and write all messages: ` +
      'use a loopback address, or set allowInsecure: true if a firewall protects it',
  );
}

/** Whether a name server is to run although there are others with which the broker registers. */
export function wantsNamesrv(given: unknown): boolean {
  return (given as Partial<ListenOptions> | undefined)?.nameServerPort !== undefined;
}

/** By which host clients reach an engine; undefined when it listens on all addresses and does not say. */
export function reachableHost({ advertisedHost, host }: ListenOptions): string | undefined {
  return advertisedHost ?? (host === '0.0.0.0' || host === '::' ? undefined : host);
}
