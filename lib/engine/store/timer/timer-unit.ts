import { crc32 } from '../../../common/crc32.js';
import { readInt64, readOffset, viewOf, setInt64 } from '../../../common/int64.js';
import { BLANK_MAGIC_CODE, MIN_RECORD_SIZE } from '../../../common/message-layout.js';

/** Bytes of a unit of the timer log (TimerLog.UNIT_SIZE). */
export const TIMER_UNIT_SIZE = 52;
/** What says that no unit follows in this file: remaining bytes, zero, magic (TimerLog.MIN_BLANK_LEN). */
export const TIMER_BLANK_SIZE = 16;

/** Bits of a unit's magic (TimerMessageStore). */
export const TimerMagic = { DEFAULT: 1, ROLL: 2, DELETE: 4 } as const;

const ALL_MAGIC = TimerMagic.DEFAULT | TimerMagic.ROLL | TimerMagic.DELETE;
/** Bytes that the checksum covers: all but the reserved ones at the end, in which it lies. */
const COVERED = 44;
/** Says that a checksum follows; Apache leaves zero here and reads neither. */
const CHECKSUM_MARK = 1;

/** One waiting message: where its record lies, and the unit before it of the same slot. */
export interface TimerUnit {
  /** Position of the unit before of the same slot; -1 when this is the first. */
  readonly prevPos: number;
  readonly magic: number;
  /** When the unit was written: milliseconds since the epoch, a whole second. */
  readonly currWriteTime: number;
  /** When its slot is due: milliseconds since the epoch, a whole second. */
  readonly delayedTime: number;
  /** Position of the record in the commit log. */
  readonly offsetPy: number;
  readonly sizePy: number;
  readonly realTopicHash: number;
}

export function writeTimerUnit(buffer: Buffer, position: number, unit: TimerUnit): void {
  const view = viewOf(buffer);
  view.setInt32(position, TIMER_UNIT_SIZE);
  setInt64(view, position + 4, unit.prevPos);
  view.setInt32(position + 12, unit.magic);
  setInt64(view, position + 16, unit.currWriteTime);
  view.setInt32(position + 24, unit.delayedTime - unit.currWriteTime);
  setInt64(view, position + 28, unit.offsetPy);
  view.setInt32(position + 36, unit.sizePy);
  view.setInt32(position + 40, unit.realTopicHash);
  view.setInt32(position + 44, CHECKSUM_MARK);
  view.setInt32(position + 48, crc32(buffer.subarray(position, position + COVERED)));
}

/** The unit at `position`; undefined when there is none, or a damaged one. */
export function readTimerUnit(buffer: Buffer, position: number): TimerUnit | undefined {
  if (buffer.readInt32BE(position) !== TIMER_UNIT_SIZE) return undefined;
  const magic = buffer.readInt32BE(position + 12);
  const currWriteTime = readOffset(buffer, position + 16);
  const offsetPy = readOffset(buffer, position + 28);
  const sizePy = buffer.readInt32BE(position + 36);
  if ((magic & TimerMagic.DEFAULT) === 0 || (magic & ~ALL_MAGIC) !== 0) return undefined;
  if (currWriteTime < 0 || offsetPy < 0 || sizePy < MIN_RECORD_SIZE) return undefined;
  if (!hasValidChecksum(buffer, position)) return undefined;
  return {
    prevPos: isNone(buffer, position + 4) ? -1 : readOffset(buffer, position + 4),
    magic,
    currWriteTime,
    delayedTime: currWriteTime + buffer.readInt32BE(position + 24),
    offsetPy,
    sizePy,
    realTopicHash: buffer.readInt32BE(position + 40),
  };
}

/** Fills the end of a file. */
export function timerBlank(length: number): Buffer {
  const blank = Buffer.alloc(TIMER_BLANK_SIZE);
  blank.writeInt32BE(length, 0);
  blank.writeInt32BE(BLANK_MAGIC_CODE, 12);
  return blank;
}

export function isTimerBlank(buffer: Buffer, position: number): boolean {
  return buffer.readInt32BE(position + 12) === BLANK_MAGIC_CODE;
}

function isNone(buffer: Buffer, position: number): boolean {
  return buffer.readInt32BE(position) === -1 && readInt64(buffer, position) === -1;
}

/** Units of Apache's broker have none. */
function hasValidChecksum(buffer: Buffer, position: number): boolean {
  const mark = buffer.readInt32BE(position + COVERED);
  const stored = buffer.readInt32BE(position + COVERED + 4);
  if (mark === 0 && stored === 0) return true;
  return mark === CHECKSUM_MARK && stored === crc32(buffer.subarray(position, position + COVERED));
}
