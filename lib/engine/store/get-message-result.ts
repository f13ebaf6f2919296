import type { EvaluationContext } from '../../common/filter/expression.js';
import { NO_BYTES } from '../../common/no-bytes.js';

/** How a read of a queue ended (GetMessageStatus). */
export type GetMessageStatus =
  | 'FOUND'
  | 'NO_MATCHED_MESSAGE'
  | 'MESSAGE_WAS_REMOVING'
  | 'NO_MATCHED_LOGIC_QUEUE'
  | 'NO_MESSAGE_IN_QUEUE'
  | 'OFFSET_TOO_SMALL'
  | 'OFFSET_OVERFLOW_ONE'
  | 'OFFSET_OVERFLOW_BADLY'
  /** A file cannot be opened or read now: nothing is known of what is there, and no offset may move. */
  | 'SERVICE_NOT_AVAILABLE';

/** What a read of a queue found (GetMessageResult). */
export interface GetMessageResult {
  readonly status: GetMessageStatus;
  readonly nextBeginOffset: number;
  readonly minOffset: number;
  readonly maxOffset: number;
  /** The records, one behind the other. */
  readonly messages: Buffer;
  readonly messageCount: number;
}

/** The result of a read that ended without a message. */
export function nothing(
  status: GetMessageStatus,
  nextBeginOffset: number,
  minOffset: number,
  maxOffset: number,
): GetMessageResult {
  return { status, nextBeginOffset, minOffset, maxOffset, messages: NO_BYTES, messageCount: 0 };
}

export type GetMessageCallback = (result: GetMessageResult) => void;

/** Chooses messages by the tags code of their ConsumeQueue unit (MessageFilter#isMatchedByConsumeQueue). */
export type UnitFilter = (tagsCode: number) => boolean;

/** Chooses messages by the properties of their record (MessageFilter#isMatchedByCommitLog). */
export type RecordFilter = (properties: EvaluationContext) => boolean;

/** Chooses messages: one way or the other (MessageFilter). */
export type MessageFilter = { readonly ofUnit: UnitFilter } | { readonly ofRecord: RecordFilter };
