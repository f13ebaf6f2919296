import { createSecretKey, type KeyObject } from 'node:crypto';
import { FieldName, type HeaderTexts } from '../codec/header-codec.js';
import { signatureOf } from './acl-signature.js';
import { AclField, type SessionCredentials } from './session-credentials.js';

const ACCESS_KEY = new FieldName(AclField.ACCESS_KEY);
const SECURITY_TOKEN = new FieldName(AclField.SECURITY_TOKEN);
const SIGNATURE = new FieldName(AclField.SIGNATURE);

/** Signs the requests of one client (AclClientRPCHook). */
export class RequestSigner {
  private readonly secretKey: KeyObject;
  private readonly names: readonly FieldName[];
  private readonly values: readonly string[];

  constructor({ accessKey, secretKey, securityToken }: SessionCredentials) {
    this.secretKey = createSecretKey(secretKey, 'utf8');
    this.names = securityToken === undefined ? [ACCESS_KEY] : [ACCESS_KEY, SECURITY_TOKEN];
    this.values = securityToken === undefined ? [accessKey] : [accessKey, securityToken];
  }

  /** The fields of a request with those that say who signed it. */
  sign(fields: HeaderTexts, body: Buffer): HeaderTexts {
    const names = [...fields.names, ...this.names];
    const values = [...fields.values, ...this.values];
    const texts = names.map(({ text }, i) => [text, String(values[i]!)] as const);
    const signature = signatureOf(texts, body, this.secretKey);
    return { names: [...names, SIGNATURE], values: [...values, signature] };
  }
}
