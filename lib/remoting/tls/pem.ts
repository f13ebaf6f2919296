import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { secret, type OptionRules } from '../../common/option-rules.js';
import { ConfigurationError } from '../../errors/configuration.error.js';

/** A certificate with its key, and the authorities that are trusted; each a path of a PEM file, or PEM text. */
export interface PemOptions {
  /** One's own certificate, with those between it and its authority. */
  cert: string | undefined;
  /** Private key of {@link cert}. */
  key: string | undefined;
  /** Of {@link key}, when it is encrypted. */
  passphrase: string | undefined;
  /** Authorities whose certificates are trusted. */
  ca: string | undefined;
}

const pem = secret('the path of a PEM file, or PEM text');

export const pemRules: OptionRules<PemOptions> = {
  cert: pem,
  key: pem,
  passphrase: secret('a text'),
  ca: pem,
};

/** Largest file that is read, in bytes: the authorities of a whole system take some hundred KiB. */
const MAX_SIZE = 4 * 1024 * 1024;

const isText = (value: string): boolean => value.includes('-----BEGIN ');

/** The paths among the options. */
export function pathsOf({ cert, key, ca }: PemOptions): string[] {
  return [cert, key, ca].filter((value) => value !== undefined && !isText(value)) as string[];
}

/**
 * Reads certificate, key and authorities, and finds out whether they can be used.
 *
 * @param owner the option that the names belong to.
 * @throws ConfigurationError that names the option and its file.
 */
export function readPem(owner: string, { cert, key, passphrase, ca }: PemOptions): SecureContextOptions {
  const certText = read(`${owner}.cert`, cert);
  const keyText = read(`${owner}.key`, key);
  const caText = read(`${owner}.ca`, ca);
  const certificate = parse(`${owner}.cert`, cert, certText, (text) => new X509Certificate(text));
  const privateKey = parse(`${owner}.key`, key, keyText, (text) =>
    createPrivateKey({ key: text, passphrase: passphrase ?? '' }),
  );
  parse(`${owner}.ca`, ca, caText, (text) => new X509Certificate(text));
  if ((certificate === undefined) !== (privateKey === undefined)) {
    throw new ConfigurationError(`${owner}.cert and ${owner}.key belong together: give both, or neither`);
  }
  if (certificate !== undefined && !certificate.checkPrivateKey(privateKey!)) {
    throw new ConfigurationError(
      `${owner}.key${shown(key)} is not the key of ${owner}.cert${shown(cert)}: give the one it was made with`,
    );
  }
  const options: SecureContextOptions = { cert: certText, key: keyText, ca: caText, minVersion: 'TLSv1.2' };
  if (passphrase !== undefined) options.passphrase = passphrase;
  // Finds what the above does not: the second of two certificates, a key that is too short.
  parse(owner, undefined, '', () => createSecureContext(options));
  return options;
}

function read(option: string, value: string | undefined): string | undefined {
  if (value === undefined || isText(value)) return value;
  try {
    const bytes = readFileSync(value);
    if (bytes.length <= MAX_SIZE) return bytes.toString('utf8');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new ConfigurationError(
      `${option}${shown(value)} cannot be read (${reason}): give the path of a PEM file, or PEM text`,
    );
  }
  throw new ConfigurationError(`${option}${shown(value)} has more than ${MAX_SIZE} bytes: it is no PEM file`);
}

function parse<T>(
  option: string,
  value: string | undefined,
  text: string | undefined,
  make: (text: string) => T,
): T | undefined {
  if (text === undefined) return undefined;
  try {
    return make(text);
  } catch (error) {
    const hint = option.endsWith('.key')
      ? 'a private key in PEM, with its passphrase'
      : 'a certificate in PEM';
    const { message } = error as Error;
    throw new ConfigurationError(`${option}${shown(value)} cannot be used (${message}): give ${hint}`);
  }
}

/** Only a path is shown: the text may be a key. */
function shown(value: string | undefined): string {
  return value === undefined || isText(value) ? '' : ` ${JSON.stringify(value.slice(0, 200))}`;
}
