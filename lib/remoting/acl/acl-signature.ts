import { createHmac, type KeyObject } from 'node:crypto';

/** A name and a value of a header field. */
export type FieldText = readonly [name: string, value: string];

/**
 * Signs fields and body of a request: the values in the order of their names, one after the other, then the body
 * (AclUtils#combineRequestContent, AclSigner#calSignature).
 *
 * @param fields all of the header but the signature; they are put into order here.
 * @returns the signature in Base64.
 */
export function signatureOf(fields: FieldText[], body: Buffer, secretKey: KeyObject): string {
  // By UTF-16 units, as Java's TreeMap has them.
  fields.sort(([a], [b]) => (a < b ? -1 : 1));
  let values = '';
  for (const [, value] of fields) values += value;
  return createHmac('sha1', secretKey).update(values).update(body).digest('base64');
}
