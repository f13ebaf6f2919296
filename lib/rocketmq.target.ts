import { connect } from 'node:net';
import {
  formatHostPort,
  isLoopback,
  parseHostPort,
  splitAddresses,
  type HostPort,
} from './common/host-port.js';
import { environmentNamesrvAddr } from './common/mix-all.js';
import type { EngineOptions } from './engine/index.js';
import { ConfigurationError } from './errors/index.js';
import type { RocketMQModuleOptions } from './interfaces/rocketmq-module-options.interface.js';
import {
  engineForbidden,
  illegalNameServer,
  otherListenAddress,
  twoNameServers,
} from './rocketmq.messages.js';

/** Milliseconds to find out whether something listens on a loopback address. */
const PROBE_TIMEOUT = 1000;
/** A name, or an address with or without the brackets that it had. */
const HOST = /^[A-Za-z0-9._:-]+$/;

/** A loopback address at which one of several applications runs the engine. */
export interface HostingTarget {
  /** As it was given. */
  readonly nameServer: string;
  readonly address: HostPort;
}

export type AddressSource = 'nameServer' | 'NAMESRV_ADDR';

/** Where an application's broker is. */
export interface ConnectionTarget {
  /** What names the name servers: an option, or a variable of the environment. */
  readonly source: AddressSource;
  /** Of other processes; none when the engine runs here in any case. */
  readonly namesrvAddrs: readonly string[];
  /** Of the engine that runs here, or will if this application becomes the host. */
  readonly engine: EngineOptions | undefined;
  /** Set when it is found out at the start who runs the engine. */
  readonly hosting?: HostingTarget;
}

/**
 * The engine runs here without a name server, and, if no other application does it, as the name server of a loopback address.
 *
 * @throws ConfigurationError for what is no address, and when an engine is needed but forbidden.
 */
export function chooseTarget({ nameServer, engine }: RocketMQModuleOptions): ConnectionTarget {
  const fromEnvironment = nameServer === undefined && engine === undefined;
  const source = fromEnvironment ? 'NAMESRV_ADDR' : 'nameServer';
  const namesrvAddrs = addressesOf(fromEnvironment ? environmentNamesrvAddr() : nameServer);
  if (namesrvAddrs.length === 0) {
    if (engine === false) throw new ConfigurationError(engineForbidden());
    return { source, namesrvAddrs, engine: engine ?? {} };
  }
  const [address, ...others] = namesrvAddrs.map((one) => parseAddress(one, source));
  const mayHost = engine !== false && others.length === 0 && isLoopback(address!.host);
  return mayHost
    ? { source, ...hostingTarget(namesrvAddrs[0]!, address!, engine ?? {}) }
    : { source, namesrvAddrs, engine: undefined };
}

function hostingTarget(
  nameServer: string,
  given: HostPort,
  engine: EngineOptions,
): Omit<ConnectionTarget, 'source'> {
  if (engine.namesrvAddr !== undefined) throw new ConfigurationError(twoNameServers(nameServer));
  const { port } = given;
  const host = given.host === 'localhost' ? '127.0.0.1' : given.host;
  const others = typeof engine.listen === 'object' ? engine.listen : {};
  checkSame(nameServer, 'host', others.host, host);
  checkSame(nameServer, 'nameServerPort', others.nameServerPort, port);
  return {
    namesrvAddrs: [formatHostPort(host, port)],
    engine: { ...engine, listen: { ...others, host, nameServerPort: port } },
    hosting: { nameServer, address: { host, port } },
  };
}

function checkSame<T>(nameServer: string, option: string, given: T | undefined, hosted: T): void {
  if (given !== undefined && given !== hosted)
    throw new ConfigurationError(otherListenAddress(nameServer, option, given));
}

/** @throws ConfigurationError for what is no address, and for none. */
export function checkedAddressesOf(nameServer: string | readonly string[]): readonly string[] {
  if (nameServer.length === 0 || [nameServer].flat().some((address) => typeof address !== 'string'))
    throw new ConfigurationError(illegalNameServer('nameServer', String(nameServer)));
  const addresses = addressesOf(nameServer);
  for (const address of addresses) parseAddress(address, 'nameServer');
  return addresses;
}

function addressesOf(nameServer: RocketMQModuleOptions['nameServer']): readonly string[] {
  if (nameServer === undefined) return [];
  return typeof nameServer === 'string'
    ? splitAddresses(nameServer)
    : nameServer.map((address) => address.trim());
}

function parseAddress(address: string, source: string): HostPort {
  const parsed = parseHostPort(address);
  if (parsed !== undefined && HOST.test(parsed.host)) return parsed;
  throw new ConfigurationError(illegalNameServer(source, address));
}

/** Whether something listens at an address of this machine. */
export function isListening(address: HostPort): Promise<boolean> {
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
