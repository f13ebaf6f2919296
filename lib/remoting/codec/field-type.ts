import { utf8Slice } from '../../common/buffer-text.js';
import { decodeProperties, encodeProperties } from '../../common/message-properties.js';
import { repeatedText } from '../../common/repeated-text.js';
import { RemotingCodecError } from '../../errors/remoting-codec.error.js';
import { isName } from './header-fields.js';

/** A text, or an integer for its digits. */
export type FieldValue = string | number;

/** How values of one kind stand in a header field: as text. */
export interface FieldType<T> {
  /** For error texts. */
  readonly name: string;
  /** Reads the bytes from `start` to `end`; undefined when they are not such a value. */
  read(buffer: Buffer, start: number, end: number): T | undefined;
  /** The same for a value that is a string already. */
  readText?(text: string): T | undefined;
  /** @throws RemotingCodecError when the value is not one that can travel. */
  write(value: T): FieldValue;
}

const INT_MAX = 2 ** 31 - 1;
const MINUS = 0x2d;
const ZERO = 0x30;
const TRUE = Buffer.from('true');
/** Digits of 2^63. */
const MAX_DIGITS = 19;

export const text: FieldType<string> = {
  name: 'text',
  read: repeatedText,
  readText: (value) => value,
  write: (value) => value,
};

/** A signed integer of 32 bits. */
export const int: FieldType<number> = {
  name: 'an integer of 32 bits',
  read(buffer, start, end) {
    const value = readInteger(buffer, start, end);
    return value <= INT_MAX && value >= -INT_MAX - 1 ? value : undefined;
  },
  write: (value) => writeInteger(value, value <= INT_MAX && value >= -INT_MAX - 1),
};

/** A signed integer of 64 bits, of which numbers hold those up to 2^53. */
export const long: FieldType<number> = {
  name: 'an integer within ±2^53',
  read(buffer, start, end) {
    const value = readInteger(buffer, start, end);
    return Number.isSafeInteger(value) ? value : undefined;
  },
  write: (value) => writeInteger(value, Number.isSafeInteger(value)),
};

/** The version of a subscription, rounded as in a body: it is only compared. */
export const version: FieldType<number> = {
  name: 'an integer of 64 bits',
  read(buffer, start, end) {
    const value = readInteger(buffer, start, end);
    if (Number.isNaN(value)) return undefined;
    return Number.isSafeInteger(value) ? value : Number(utf8Slice(buffer, start, end));
  },
  write: (value) => (Number.isSafeInteger(value) ? value : String(value)),
};

/** A bound of a range of times. Java's clients send `Long.MAX_VALUE` where they mean none. */
export const timeBound: FieldType<number> = {
  name: 'an integer of 64 bits',
  read(buffer, start, end) {
    const value = readInteger(buffer, start, end);
    if (Number.isNaN(value)) return undefined;
    return Math.max(Number.MIN_SAFE_INTEGER, Math.min(value, Number.MAX_SAFE_INTEGER));
  },
  write: (value) => writeInteger(value, Number.isSafeInteger(value)),
};

/** All but `true` is false (Boolean#parseBoolean), as the 0 and 1 that clients in C++ send are to Apache's broker. */
export const boolean: FieldType<boolean> = {
  name: 'true or false',
  read(buffer, start, end) {
    if (end - start !== TRUE.length) return false;
    return isName(buffer, start, end, TRUE) || utf8Slice(buffer, start, end).toLowerCase() === 'true';
  },
  write: (value) => String(value),
};

/** Properties of a message. */
export const properties: FieldType<ReadonlyMap<string, string>> = {
  name: 'properties',
  read: (buffer, start, end) => decodeProperties(utf8Slice(buffer, start, end)),
  readText: decodeProperties,
  write: encodeProperties,
};

/** Java sends the name of the enum constant, and takes all but `upper` in any case for the lower one. */
export const boundaryType: FieldType<'lower' | 'upper'> = {
  name: 'LOWER or UPPER',
  read: (buffer, start, end) => (utf8Slice(buffer, start, end).toLowerCase() === 'upper' ? 'upper' : 'lower'),
  write: (value) => value.toUpperCase(),
};

/** NaN when it is none. Beyond 2^53 the value is rounded, and not a safe integer. */
function readInteger(buffer: Buffer, start: number, end: number): number {
  const isNegative = buffer[start] === MINUS;
  const first = isNegative ? start + 1 : start;
  if (first >= end || end - first > MAX_DIGITS) return NaN;
  let value = 0;
  for (let position = first; position < end; position++) {
    const digit = buffer[position]! - ZERO;
    if (digit < 0 || digit > 9) return NaN;
    value = value * 10 + digit;
  }
  return isNegative && value > 0 ? -value : value;
}

function writeInteger(value: number, isInRange: boolean): number {
  if (!isInRange || !Number.isInteger(value)) {
    throw new RemotingCodecError(`The number ${value} cannot travel in a header`);
  }
  return value;
}
