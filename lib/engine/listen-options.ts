import { isIP } from 'node:net';
import { bool, integer, resolveOptions, text, type OptionRules } from '../common/option-rules.js';
import { resolveServerTls, type ServerTlsOptions } from '../remoting/tls/server-tls.js';
import type { SessionCredentials } from '../remoting/acl/session-credentials.js';
import { isLoopback } from '../common/host-port.js';
import { ConfigurationError } from '../errors/configuration.error.js';

/** Where the engine listens for clients over TCP. */
export interface ListenOptions {
  /**
   * Address of this machine. Default: `127.0.0.1`; any other than a loopback one needs {@link users} and {@link tls}
   * with mode `enforcing`, or {@link allowInsecure}.
   */
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
  /**
   * Host by which clients reach the broker, when it is not `host`: a name or an address. Default: `host`; where that is all
   * addresses (`0.0.0.0`, `::`) `brokerIP1`, which is `127.0.0.1` unless set.
   * A name is looked up once, at the start, for the address in records and message ids, unless `brokerIP1` says it.
   */
  advertisedHost: string | undefined;
  /** Listen for everyone who can reach the machine, without encryption or authentication. Default: false. */
  allowInsecure: boolean;
  /** Encryption. Default: none. */
  tls: Partial<ServerTlsOptions> | undefined;
  /**
   * Who may come in: every request must be signed by one of them, each of whom may do everything. Default: undefined,
   * everyone.
   */
  users: readonly EngineUser[] | undefined;
}

/** A user of the engine. */
export type EngineUser = Pick<SessionCredentials, 'accessKey' | 'secretKey'>;

/** What is left of the options when they are checked. */
export interface ResolvedListenOptions extends Omit<ListenOptions, 'tls'> {
  tls: ServerTlsOptions | undefined;
}

const MAX_USERS = 10_000;
const MAX_KEY_LENGTH = 255;

/** With `_`, which names of services in Docker Compose have. */
const HOST_NAME = /^[A-Za-z0-9_]([A-Za-z0-9._-]{0,252}[A-Za-z0-9_])?$/;

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
  tls: { default: undefined, allowed: 'an object', accepts: (value) => typeof value === 'object' },
  users: {
    default: undefined,
    allowed: `1 to ${MAX_USERS} of { accessKey, secretKey }, each a text of 1 to 255 characters, no name twice`,
    accepts: isUserList,
    isSecret: true,
  },
};

function isUserList(value: unknown): boolean {
  if (!Array.isArray(value) || value.length < 1 || value.length > MAX_USERS) return false;
  return value.every(isUser) && new Set(value.map(({ accessKey }) => accessKey)).size === value.length;
}

function isUser(value: unknown): value is EngineUser {
  if (typeof value !== 'object' || value === null) return false;
  const isKey = (key: unknown) => typeof key === 'string' && key.length > 0 && key.length <= MAX_KEY_LENGTH;
  return (
    Object.keys(value).length === 2 &&
    isKey(value['accessKey' as never]) &&
    isKey(value['secretKey' as never])
  );
}

/**
 * Fills in defaults.
 *
 * @throws ConfigurationError for a value that is not allowed, and for a host that others can reach.
 */
export function resolveListenOptions(given: unknown): ResolvedListenOptions | undefined {
  if (given === undefined || given === false) return undefined;
  if (given !== true && (typeof given !== 'object' || given === null || Array.isArray(given))) {
    throw new ConfigurationError(
      `engine.listen is ${JSON.stringify(given)}; allowed: true, false or an object`,
    );
  }
  const options = resolveOptions('engine.listen', listenRules, given === true ? {} : given);
  const resolved = { ...options, tls: resolveServerTls('engine.listen.tls', options.tls) };
  const isSecure = resolved.tls?.mode === 'enforcing' && resolved.users !== undefined;
  if (isLoopback(options.host) || options.allowInsecure || isSecure) return resolved;
  throw new ConfigurationError(
    `engine.listen.host is "${options.host}", so everyone who can reach this machine could read and write all messages: ` +
      'give engine.listen.tls a cert and a key (mode enforcing) and engine.listen.users, use a loopback address, ' +
      'or set allowInsecure: true if a firewall protects it',
  );
}

/** Whether a name server is to run although there are others with which the broker registers. */
export function wantsNamesrv(given: unknown): boolean {
  return (given as Partial<ListenOptions> | undefined)?.nameServerPort !== undefined;
}

/** By which host clients reach an engine; undefined when it listens on all addresses and does not say. */
export function reachableHost({ advertisedHost, host }: ResolvedListenOptions): string | undefined {
  return advertisedHost ?? (host === '0.0.0.0' || host === '::' ? undefined : host);
}
