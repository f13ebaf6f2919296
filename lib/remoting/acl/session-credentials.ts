/** Who a client is (SessionCredentials). */
export interface SessionCredentials {
  /** Name of the user. */
  readonly accessKey: string;
  /** Key of the signatures; it never travels. */
  readonly secretKey: string;
  /** Of a temporary user of a cloud; undefined for all others. */
  readonly securityToken?: string | undefined;
}

/** Names of the header fields that carry a signature (SessionCredentials). */
export const AclField = {
  ACCESS_KEY: 'AccessKey',
  SECURITY_TOKEN: 'SecurityToken',
  SIGNATURE: 'Signature',
} as const;
