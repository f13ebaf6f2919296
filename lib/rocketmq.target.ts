import { connect } from 'node:net';
import { isLoopback, parseHostPort, type HostPort } from './common/host-port.js';
import type { EngineOptions } from './engine/index.js';
import { ConfigurationError } from './errors/index.js';
import type { RocketMQModuleOptions } from './interfaces/rocketmq-module-options.interface.js';
import { engineForbidden, illegalNameServer } from './rocketmq.messages.js';

/** Milliseconds to find out whether something listens on a loopback address. */
const PROBE_TIMEOUT = 1000;
/** A name, or an address with or without the brackets that it had. */
const HOST = /^[A-Za-z0-9._:-]+$/;

/** Where an application's broker is. */
export interface ConnectionTarget {
  /** Why it is there. */
  readonly reason: string;
  /** Of other processes; none when the engine runs here. */
  readonly namesrvAddrs: readonly string[];
  readonly engine: EngineOptions | undefined;
}

/**
 * The engine runs here without a name server, and as the name server of a loopback address on which nothing listens.
 *
 * @throws ConfigurationError for what is no address, and when an engine is needed but forbidden.
 */
export async function chooseTarget({ nameServer, engine }: RocketMQModuleOptions): Promise<ConnectionTarget> {
  const namesrvAddrs = addressesOf(
    nameServer ?? (engine === undefined ? process.env.NAMESRV_ADDR : undefined),
  );
  if (namesrvAddrs.length === 0) {
    if (engine === false) throw new ConfigurationError(engineForbidden());
    return { reason: 'No nameServer is given', namesrvAddrs, engine: engine ?? {} };
  }
  const [address, ...others] = namesrvAddrs.map(parseAddress);
  const mayHost = engine !== false && others.length === 0 && isLoopback(address!.host);
  if (!mayHost || (await isListening(address!))) {
    return { reason: 'nameServer is given', namesrvAddrs, engine: undefined };
  }
  const { host, port: nameServerPort } = address!;
  const given = typeof engine?.listen === 'object' ? engine.listen : {};
  const listen = { ...given, host: host === 'localhost' ? '127.0.0.1' : host, nameServerPort };
  const reason = `Nothing listens on nameServer ${namesrvAddrs[0]}`;
  return { reason, namesrvAddrs: [], engine: { ...engine, listen } };
}

function addressesOf(nameServer: RocketMQModuleOptions['nameServer']): readonly string[] {
  if (nameServer === undefined) return [];
  const list = typeof nameServer === 'string' ? nameServer.split(';') : nameServer;
  return list.map((address) => address.trim());
}

function parseAddress(address: string): HostPort {
  const parsed = parseHostPort(address);
  if (parsed !== undefined && HOST.test(parsed.host)) return parsed;
  throw new ConfigurationError(illegalNameServer(address));
}

function isListening(address: HostPort): Promise<boolean> {
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
