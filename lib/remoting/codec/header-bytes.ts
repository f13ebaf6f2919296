import { utf8Write } from '../../common/buffer-text.js';

/** Bytes of the longest integer. */
export const MAX_INTEGER_SIZE = 20;

const INT_MAX = 2 ** 31 - 1;
const ZERO = 0x30;

/** Writes the digits of an integer; returns their end, as all of these do. */
export function writeInteger(frame: Buffer, position: number, value: number): number {
  if (value < 0) return position + utf8Write(frame, String(value), position);
  const end = position + digitsOf(value);
  for (let at = end - 1, rest = value; at >= position; at--) {
    const next = tenth(rest);
    frame[at] = ZERO + (rest - next * 10);
    rest = next;
  }
  return end;
}

function digitsOf(value: number): number {
  let digits = 1;
  for (let rest = value; rest >= 10; rest = tenth(rest)) digits++;
  return digits;
}

/** Rounded down; numbers of more than 32 bits are rare, but each message has a time. */
const tenth = (value: number): number => (value > INT_MAX ? Math.floor(value / 10) : (value / 10) | 0);

/** Names are short, and a loop over them takes less than a native call. */
export function writeBytes(frame: Buffer, position: number, bytes: Buffer): number {
  for (let i = 0; i < bytes.length; i++) frame[position + i] = bytes[i]!;
  return position + bytes.length;
}
