/** Of QUERY_MESSAGE (QueryMessageRequestHeader and `_UNIQUE_KEY_QUERY`). */
export interface QueryMessageRequestHeader {
  readonly topic: string;
  readonly key: string;
  readonly maxNum: number;
  /** Store timestamps. */
  readonly beginTimestamp: number;
  readonly endTimestamp: number;
  /** Whether `key` is a unique id. */
  readonly uniqueKeyQuery: boolean;
}
