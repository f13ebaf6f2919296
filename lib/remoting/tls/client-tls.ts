import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext } from 'node:tls';
import type { HostPort } from '../../common/host-port.js';
import { bool, resolveOptions, text, type OptionRules } from '../../common/option-rules.js';
import { ConfigurationError } from '../../errors/configuration.error.js';
import { pemRules, readPem, type PemOptions } from './pem.js';

/**
 * How a client encrypts its connections to name servers and brokers. Files are named by their paths, or given as PEM
 * text.
 *
 * @publicApi
 */
export interface RocketMQTlsOptions {
  /** Authorities that are trusted. Default: those that Node trusts. */
  ca?: string | undefined;
  /** Certificate of the client, for servers that ask for one. */
  cert?: string | undefined;
  /** Private key of {@link cert}. */
  key?: string | undefined;
  /** Of {@link key}, when it is encrypted. */
  passphrase?: string | undefined;
  /** Name that the certificates of all servers must have. Default: the host of each one's address. */
  servername?: string | undefined;
  /** Refuse servers whose certificate is not trusted. Default: true. */
  rejectUnauthorized?: boolean | undefined;
}

/** Client options of which the files are read. */
export interface ClientTls {
  readonly secureContext: SecureContext;
  readonly servername: string | undefined;
  readonly rejectUnauthorized: boolean;
}

interface ClientTlsSettings extends PemOptions {
  servername: string | undefined;
  rejectUnauthorized: boolean;
}

const rules: OptionRules<ClientTlsSettings> = {
  ...pemRules,
  servername: text<string | undefined>(undefined, 'a host name', (value) => value !== ''),
  rejectUnauthorized: bool(true),
};

/**
 * Reads what the options name; undefined when connections are not encrypted.
 *
 * @throws ConfigurationError that names the option, and a file that cannot be used.
 */
export function resolveClientTls(given: unknown): ClientTls | undefined {
  if (given === undefined || given === false) return undefined;
  if (given !== true && (typeof given !== 'object' || given === null || Array.isArray(given))) {
    throw new ConfigurationError('tls is neither true, false nor an object');
  }
  const options = resolveOptions('tls', rules, given === true ? {} : (given as object));
  const { servername, rejectUnauthorized } = options;
  return { secureContext: createSecureContext(readPem('tls', options)), servername, rejectUnauthorized };
}

/** Opens a connection; `onReady` is called when it can be used, which with TLS is after the handshake. */
export function openSocket(target: HostPort, tls: ClientTls | undefined, onReady: () => void): Socket {
  if (tls === undefined) return connectPlain({ ...target, noDelay: true }, onReady);
  const servername = tls.servername ?? (isIP(target.host) > 0 ? undefined : target.host);
  const socket = connectTls({ ...target, ...tls, servername }, onReady);
  return socket.setNoDelay(true);
}
