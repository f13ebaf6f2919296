import { int32At, readOffset, setInt64, viewOf } from '../../common/int64.js';
import { MIN_RECORD_SIZE } from '../../common/message-layout.js';

/** Bytes of a ConsumeQueue unit: commit-log offset, record size, tags code. */
export const CQ_UNIT_SIZE = 20;

/** A queue is written when so many of its units are only in memory, and otherwise with the periodic flush. */
export const MAX_UNWRITTEN_UNITS = 1024;

const TWO_32 = 4294967296;

/** One entry of a ConsumeQueue (CqUnit). */
export interface CqUnit {
  readonly commitLogOffset: number;
  readonly msgSize: number;
  /** Hash of the tags; in the schedule topic the time at which the message is due. */
  readonly tagsCode: number;
}

/** Size of the units below the first one of a queue that does not start at a file (ConsumeQueue#fillPreBlank). */
export const PRE_BLANK_SIZE = 0x7fffffff;

/** Whether a unit can be one at all; damage mostly leaves zeros or wild numbers. */
export function isPlausible(unit: CqUnit | undefined): unit is CqUnit {
  if (unit === undefined || unit.commitLogOffset < 0) return false;
  const isBlank = unit.msgSize === PRE_BLANK_SIZE;
  return isBlank ? unit.commitLogOffset === 0 : unit.msgSize >= MIN_RECORD_SIZE;
}

/** Whether the record of a unit lies at `commitLogOffset` or behind it. */
export function liesFrom(unit: CqUnit, commitLogOffset: number): boolean {
  return unit.msgSize !== PRE_BLANK_SIZE && unit.commitLogOffset >= commitLogOffset;
}

export function readCqUnit(buffer: Buffer, position: number): CqUnit {
  return {
    commitLogOffset: readOffset(buffer, position),
    msgSize: int32At(buffer, position + 8),
    tagsCode: int32At(buffer, position + 12) * TWO_32 + (int32At(buffer, position + 16) >>> 0),
  };
}

export function writeCqUnit(
  view: DataView,
  position: number,
  commitLogOffset: number,
  msgSize: number,
  tagsCode: number,
): void {
  setInt64(view, position, commitLogOffset);
  view.setInt32(position + 8, msgSize);
  setInt64(view, position + 12, tagsCode);
}

/** The units below the first one of a queue. */
export function preBlankUnits(count: number): Buffer {
  const blank = Buffer.alloc(count * CQ_UNIT_SIZE);
  const view = viewOf(blank);
  for (let i = 0; i < count; i++) writeCqUnit(view, i * CQ_UNIT_SIZE, 0, PRE_BLANK_SIZE, 0);
  return blank;
}
