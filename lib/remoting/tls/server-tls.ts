import { bool, oneOf, resolveOptions, type OptionRules } from '../../common/option-rules.js';
import { ConfigurationError } from '../../errors/configuration.error.js';
import { pemRules, type PemOptions } from './pem.js';

/** How a server treats plain and encrypted connections, both of which come to the same port (TlsMode). */
export type TlsMode = 'disabled' | 'permissive' | 'enforcing';

/** Encryption on a server. Files are named by their paths, or given as PEM text; one that changes is read again. */
export interface ServerTlsOptions extends PemOptions {
  /** `disabled`: plain connections only; `permissive`: both; `enforcing`: encrypted only. Default: `enforcing`. */
  mode: TlsMode;
  /** Close connections of clients without a certificate that {@link ca} trusts. Default: false. */
  requireClientCert: boolean;
}

const rules: OptionRules<ServerTlsOptions> = {
  mode: oneOf<TlsMode>('enforcing', ['disabled', 'permissive', 'enforcing']),
  ...pemRules,
  requireClientCert: bool(false),
};

/**
 * Fills in defaults; undefined when connections are not encrypted.
 *
 * @param owner the option that this is.
 * @throws ConfigurationError that names the option, its value and what is allowed.
 */
export function resolveServerTls(owner: string, given: unknown): ServerTlsOptions | undefined {
  if (given === undefined) return undefined;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new ConfigurationError(`${owner} is not an object; allowed: { mode, cert, key, ... }`);
  }
  const options = resolveOptions(owner, rules, given as Partial<ServerTlsOptions>);
  if (options.mode === 'disabled') return undefined;
  if (options.cert === undefined || options.key === undefined) {
    throw new ConfigurationError(
      `${owner}.cert and ${owner}.key are missing: give both, or mode: 'disabled'`,
    );
  }
  checkClientCertificates(owner, options);
  return options;
}

function checkClientCertificates(owner: string, { mode, ca, requireClientCert }: ServerTlsOptions): void {
  if (!requireClientCert) return;
  if (ca === undefined) {
    throw new ConfigurationError(
      `${owner}.requireClientCert needs ${owner}.ca: who may sign the certificates?`,
    );
  }
  if (mode === 'permissive') {
    throw new ConfigurationError(
      `${owner}.requireClientCert has no effect on plain connections, which mode permissive lets in: use enforcing`,
    );
  }
}
