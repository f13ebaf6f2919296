/** The version of a table; two are the same only when all members are (DataVersion). */
export interface DataVersion {
  readonly counter: number;
  readonly stateVersion: number;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
}
