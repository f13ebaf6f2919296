import { secret } from './common/option-rules.js';
import { ConfigurationError } from './errors/index.js';
import type { SessionCredentials } from './remoting/acl/session-credentials.js';
import { halfCredentials } from './rocketmq.messages.js';

/** Options that say who a client is; module, producer and consumer have them. */
export type CredentialOptions = Partial<SessionCredentials>;

const key = secret('a text of 1 to 1024 characters', 1024);

export const credentialRules = {
  accessKey: key,
  secretKey: key,
  securityToken: secret('a text of 1 to 8192 characters', 8192),
};

/** @throws ConfigurationError when something is missing. */
export function checkCredentials(owner: string, options: CredentialOptions = {}): void {
  const { accessKey, secretKey, securityToken } = options;
  if ((accessKey === undefined) !== (secretKey === undefined)) {
    throw new ConfigurationError(halfCredentials(owner, accessKey === undefined ? 'accessKey' : 'secretKey'));
  }
  if (accessKey === undefined && securityToken !== undefined) {
    throw new ConfigurationError(halfCredentials(owner, 'accessKey'));
  }
}

/** The first that are given, of the narrower before the wider. */
export function credentialsOf(
  ...candidates: readonly (CredentialOptions | undefined)[]
): SessionCredentials | undefined {
  for (const { accessKey, secretKey, securityToken } of candidates.map((candidate) => candidate ?? {})) {
    if (accessKey !== undefined && secretKey !== undefined) return { accessKey, secretKey, securityToken };
  }
  return undefined;
}

export function isSameUser(a: SessionCredentials | undefined, b: SessionCredentials | undefined): boolean {
  return (
    a?.accessKey === b?.accessKey && a?.secretKey === b?.secretKey && a?.securityToken === b?.securityToken
  );
}

export function withoutCredentials<T extends CredentialOptions>(
  options: T,
): Omit<T, keyof CredentialOptions> {
  const others = Object.entries(options).filter(([name]) => !Object.hasOwn(credentialRules, name));
  return Object.fromEntries(others) as Omit<T, keyof CredentialOptions>;
}
