/** What a listener made of a message that an administrator gave it (CMResult). */
export type CMResult =
  'CR_SUCCESS' | 'CR_LATER' | 'CR_ROLLBACK' | 'CR_COMMIT' | 'CR_THROW_EXCEPTION' | 'CR_RETURN_NULL';

/** (ConsumeMessageDirectlyResult) */
export interface ConsumeMessageDirectlyResult {
  /** Whether the consumer consumes in order. */
  readonly order: boolean;
  readonly autoCommit: boolean;
  readonly consumeResult: CMResult;
  /** What was thrown. */
  readonly remark?: string;
  readonly spentTimeMills: number;
}
