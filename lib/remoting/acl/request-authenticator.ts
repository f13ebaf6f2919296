import { createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import { MQVersion } from '../codec/mq-version.js';
import type { RemotingFrame } from '../codec/remoting-frame.js';
import { signatureOf, type FieldText } from './acl-signature.js';
import { AclField, type SessionCredentials } from './session-credentials.js';

/** Clients up to 4.9.3 added this field after they had signed. */
const UNIQUE_KEY_QUERY = '_UNIQUE_KEY_QUERY';

/** Characters of an unknown name that are told back. */
const MAX_SHOWN = 255;

/** Finds out whether a known user sent a request (DefaultAuthenticationContextBuilder, DefaultAuthenticationHandler). */
export class RequestAuthenticator {
  private readonly secretKeys: ReadonlyMap<string, KeyObject>;

  constructor(users: readonly SessionCredentials[]) {
    this.secretKeys = new Map(
      users.map(({ accessKey, secretKey }) => [accessKey, createSecretKey(secretKey, 'utf8')]),
    );
  }

  /** Why the request is refused; undefined when it is not. */
  refusalOf({ fields, body, version }: RemotingFrame): string | undefined {
    if (fields.size === 0) return 'authentication field is null';
    const accessKey = fields.get(AclField.ACCESS_KEY);
    if (!accessKey) return 'username cannot be null.';
    const secretKey = this.secretKeys.get(accessKey);
    if (secretKey === undefined) return `User:${accessKey.slice(0, MAX_SHOWN)} is not found.`;
    const expected = Buffer.from(signatureOf(signedFields(fields, version), body, secretKey));
    const actual = Buffer.from(fields.get(AclField.SIGNATURE) ?? '');
    const isSame = actual.length === expected.length && timingSafeEqual(actual, expected);
    return isSame ? undefined : 'check signature failed.';
  }
}

function signedFields(fields: ReadonlyMap<string, string>, version: number): FieldText[] {
  const signed = [...fields].filter(([name]) => name !== AclField.SIGNATURE);
  return version > MQVersion.V4_9_3 ? signed : signed.filter(([name]) => name !== UNIQUE_KEY_QUERY);
}
