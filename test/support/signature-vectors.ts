import { readFileSync } from 'node:fs';

/** A request that Apache's client signed; see test/vectors/README.md. */
export interface SignatureVector {
  readonly what: string;
  readonly serializeType: 'JSON' | 'ROCKETMQ';
  readonly accessKey: string;
  readonly secretKey: string;
  readonly securityToken: string | null;
  readonly signature: string;
  /** The whole frame, its length field included. */
  readonly hex: string;
}

export const signatureVectors = JSON.parse(
  readFileSync(new URL('../vectors/signatures.json', import.meta.url), 'utf8'),
) as readonly SignatureVector[];
