/** What a group wants of one topic (SubscriptionData). */
export interface SubscriptionData {
  readonly topic: string;
  readonly subString: string;
  readonly tagsSet: ReadonlySet<string>;
  /** Java hashes of the tags. */
  readonly codeSet: ReadonlySet<number>;
  /** Milliseconds since the epoch; a newer one replaces an older one. */
  readonly subVersion: number;
  readonly expressionType: 'TAG' | 'SQL92';
}
